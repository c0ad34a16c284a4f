// fuzz_seeds DIRECTORY: writes every target's seeds to DIRECTORY/<target>/, which is how tests/fuzz/corpus began.

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/fuzz/target.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds DIRECTORY\n");
    return 2;
  }
  for (const auto& target : waxwing::fuzz::targets()) {
    const auto directory = std::filesystem::path(argv[1]) / target.name;
    std::filesystem::create_directories(directory);
    for (const auto& seed : target.seeds()) {
      std::ofstream(directory / ("seed-" + seed.name), std::ios::binary) << waxwing::asText(seed.input);
    }
  }
}
