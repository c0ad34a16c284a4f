// libFuzzer's side of all targets: one program, and a link to it under the name of each target. The name by which it
// was called says which one it feeds.

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "tests/fuzz/target.h"

namespace {

const waxwing::fuzz::Target* target = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char*** argv) {
  const std::string name = std::filesystem::path((*argv)[0]).filename().string();
  target = waxwing::fuzz::findTarget(name);
  if (target != nullptr) return 0;
  std::fprintf(stderr, "no target is called %s; call this program by the name of one:\n", name.c_str());
  for (const auto& known : waxwing::fuzz::targets()) std::fprintf(stderr, "  %s\n", std::string(known.name).c_str());
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > target->mostBytes) return -1;  // not kept in the corpus
  target->run({data, size});
  return 0;
}
