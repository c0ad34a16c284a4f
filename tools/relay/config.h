#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "crypto/error.h"

namespace waxwing::relay {

enum class Registration { kOpen, kToken };

// What a person sets, in a file or by flags of the same names; flags win.
struct Config {
  std::vector<std::string> listen;  // `host:port`
  std::vector<std::string> names;   // empty: the listen addresses
  std::filesystem::path directory = "waxwing-relay";
  std::filesystem::path tlsCertificate;  // PEM; empty: a self-signed one, made at the first start
  std::filesystem::path tlsKey;
  std::optional<Registration> registration;  // none: open where only this machine can connect
  std::string logLevel = "info";

  // What holds where nothing was set.
  Registration effectiveRegistration() const;
};

// One command line, parsed. kInvalidArgument, or what reading the file said.
struct CommandLine {
  Config config;
  enum class Action { kRun, kPrintConfig, kExit } action = Action::kRun;  // kExit: help or version was printed
};
Result<CommandLine> readCommandLine(int argc, char** argv);

// The configuration as a TOML file.
std::string toToml(const Config& config);

}  // namespace waxwing::relay
