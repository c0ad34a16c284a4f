#include "tools/bench/spawned_relay.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <string_view>

namespace waxwing::bench {
namespace {

constexpr std::string_view kReady = "relay address: ";

std::filesystem::path temporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "waxwing-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  return name;
}

RelayAddress readAddress(int from) {
  std::FILE* output = ::fdopen(from, "r");
  char line[4096];
  while (std::fgets(line, sizeof line, output) != nullptr) {
    std::string_view text(line);
    if (!text.starts_with(kReady)) continue;
    text.remove_prefix(kReady.size());
    if (text.ends_with('\n')) text.remove_suffix(1);
    auto address = RelayAddress::parse(text);
    std::fclose(output);
    return address.value();
  }
  std::fclose(output);
  throw std::runtime_error("the relay did not start");
}

}  // namespace

SpawnedRelay::SpawnedRelay(const std::string& program) : directory_(temporaryDirectory()) {
  const std::string directory = (directory_ / "relay").string();
  int output[2];
  if (::pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    ::dup2(output[1], STDOUT_FILENO);
    ::execl(program.c_str(), program.c_str(), "--listen", "127.0.0.1:0", "--dir", directory.c_str(), "--log-level",
            "warn", nullptr);
    ::_exit(127);
  }
  ::close(output[1]);
  address_ = readAddress(output[0]);
}

SpawnedRelay::~SpawnedRelay() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

double SpawnedRelay::cpuSeconds() const {
  clockid_t clock{};
  timespec spent{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &spent) != 0) return 0;
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

}  // namespace waxwing::bench
