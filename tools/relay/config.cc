#include "tools/relay/config.h"

#include <toml++/toml.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <sstream>

#include "session/relay_address.h"

namespace waxwing::relay {
namespace {

constexpr const char* kDefaultListen = "127.0.0.1:7443";

// What the flags said; what they did not say is taken from the file.
struct Flags {
  std::vector<std::string> listen;
  std::vector<std::string> names;
  std::optional<std::string> directory;
  std::optional<std::string> tlsCertificate;
  std::optional<std::string> tlsKey;
  std::optional<std::string> registration;
  std::optional<std::string> logLevel;
  std::string file;
  bool printConfig = false;
};

void declare(CLI::App& app, Flags& flags) {
  app.set_version_flag("--version", "waxwing-relay 0.1.0");
  app.add_option("--listen", flags.listen, "host:port to listen on; repeatable; port 0 takes a free one")
      ->default_str(kDefaultListen);
  app.add_option("--dir", flags.directory, "directory for database, keys and certificate; made at the first start");
  app.add_option("--name", flags.names, "host:port that clients dial; repeatable; default: the listen addresses");
  app.add_option("--config", flags.file, "TOML file with the same names; flags win")->check(CLI::ExistingFile);
  app.add_option("--tls-cert", flags.tlsCertificate, "certificate chain (PEM) instead of the self-signed one");
  app.add_option("--tls-key", flags.tlsKey, "its private key (PEM)");
  app.add_option("--registration", flags.registration, "open, or token; default: open on loopback only")
      ->check(CLI::IsMember({"open", "token"}));
  app.add_option("--log-level", flags.logLevel, "debug, info, warn, error or off")
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}));
  app.add_flag("--print-config", flags.printConfig, "print the configuration in effect and exit");
}

Registration registrationOf(std::string_view text) {
  return text == "token" ? Registration::kToken : Registration::kOpen;
}

std::vector<std::string> textsOf(const toml::node& node) {
  std::vector<std::string> texts;
  if (const auto one = node.value<std::string>()) texts.push_back(*one);
  if (const auto* array = node.as_array()) {
    for (const auto& element : *array) texts.push_back(element.value_or(std::string()));
  }
  return texts;
}

Result<void> setFromFile(Config& config, std::string_view key, const toml::node& value) {
  const auto texts = textsOf(value);
  if (texts.empty()) return fail(Errc::kInvalidArgument, "config: `" + std::string(key) + "` must be text");
  if (key == "listen")
    config.listen = texts;
  else if (key == "name")
    config.names = texts;
  else if (key == "dir")
    config.directory = texts.front();
  else if (key == "tls-cert")
    config.tlsCertificate = texts.front();
  else if (key == "tls-key")
    config.tlsKey = texts.front();
  else if (key == "log-level")
    config.logLevel = texts.front();
  else if (key == "registration" && (texts.front() == "open" || texts.front() == "token"))
    config.registration = registrationOf(texts.front());
  else
    return fail(Errc::kInvalidArgument, "config: `" + std::string(key) + "` is not a setting, or not with that value");
  return {};
}

Result<void> readFile(Config& config, const std::string& path) {
  try {
    const toml::table table = toml::parse_file(path);
    for (const auto& [key, value] : table) {
      if (auto set = setFromFile(config, key.str(), value); !set) return set;
    }
    return {};
  } catch (const toml::parse_error& error) {
    std::ostringstream where;
    where << "config: " << error.description() << " (" << error.source().begin << ")";
    return fail(Errc::kInvalidArgument, where.str());
  }
}

void setFromFlags(Config& config, const Flags& flags) {
  if (!flags.listen.empty()) config.listen = flags.listen;
  if (!flags.names.empty()) config.names = flags.names;
  if (flags.directory) config.directory = *flags.directory;
  if (flags.tlsCertificate) config.tlsCertificate = *flags.tlsCertificate;
  if (flags.tlsKey) config.tlsKey = *flags.tlsKey;
  if (flags.registration) config.registration = registrationOf(*flags.registration);
  if (flags.logLevel) config.logLevel = *flags.logLevel;
  if (config.listen.empty()) config.listen = {kDefaultListen};
}

// Host and port alone; port 0 stands for a free one.
bool isHostAndPort(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || text.find('#') != std::string::npos) return false;
  const bool anyPort = text.substr(colon + 1) == "0";
  return RelayAddress::parse(anyPort ? text.substr(0, colon) + ":1" : text).has_value();
}

bool isWildcard(const std::string& address) {
  return address.starts_with("0.0.0.0:") || address.starts_with("[::]:") || address.starts_with("*:");
}

bool isLoopback(const std::string& address) {
  return address.starts_with("127.") || address.starts_with("[::1]:") || address.starts_with("localhost:");
}

Result<void> check(const Config& config) {
  for (const auto* texts : {&config.listen, &config.names}) {
    const auto bad = std::ranges::find_if_not(*texts, isHostAndPort);
    if (bad != texts->end()) return fail(Errc::kBadAddress, "`" + *bad + "` is not host:port");
  }
  if (config.names.empty() && std::ranges::any_of(config.listen, isWildcard)) {
    return fail(Errc::kBadAddress, "listening on every address: say with --name host:port what clients dial");
  }
  if (config.tlsCertificate.empty() != config.tlsKey.empty()) {
    return fail(Errc::kInvalidArgument, "--tls-cert and --tls-key go together");
  }
  return {};
}

Result<CommandLine> resolve(const Flags& flags) {
  CommandLine line;
  if (flags.printConfig) line.action = CommandLine::Action::kPrintConfig;
  if (!flags.file.empty()) {
    if (auto read = readFile(line.config, flags.file); !read) return tl::unexpected(read.error());
  }
  setFromFlags(line.config, flags);
  if (auto checked = check(line.config); !checked) return tl::unexpected(checked.error());
  return line;
}

toml::array toArray(const std::vector<std::string>& texts) {
  toml::array array;
  for (const auto& text : texts) array.push_back(text);
  return array;
}

}  // namespace

Registration Config::effectiveRegistration() const {
  if (registration) return *registration;
  return std::ranges::all_of(listen, isLoopback) ? Registration::kOpen : Registration::kToken;
}

Result<CommandLine> readCommandLine(int argc, char** argv) {
  CLI::App app("Waxwing's relay: holds sealed envelopes until their device takes them.");
  Flags flags;
  declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return fail(Errc::kInvalidArgument, error.what());
    app.exit(error);
    CommandLine nothing;
    nothing.action = CommandLine::Action::kExit;
    return nothing;
  }
  return resolve(flags);
}

std::string toToml(const Config& config) {
  toml::table table;
  table.insert("listen", toArray(config.listen));
  table.insert("name", toArray(config.names.empty() ? config.listen : config.names));
  table.insert("dir", config.directory.string());
  if (!config.tlsCertificate.empty()) {
    table.insert("tls-cert", config.tlsCertificate.string());
    table.insert("tls-key", config.tlsKey.string());
  }
  table.insert("registration", config.effectiveRegistration() == Registration::kOpen ? "open" : "token");
  table.insert("log-level", config.logLevel);
  std::ostringstream text;
  text << table << '\n';
  return text.str();
}

}  // namespace waxwing::relay
