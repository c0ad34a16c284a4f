#include "tools/waxwing/commands.h"

#include <unistd.h>

#include <cerrno>

#include "crypto/text.h"
#include "tools/waxwing/passphrase_input.h"

namespace waxwing::tool {
namespace {

constexpr std::size_t kInputBytes = 1024 * 1024;
constexpr std::size_t kIdCharacters = 43;  // 32 bytes in base64url
constexpr char kGuard = '\x02';

Result<std::filesystem::path> directoryOf(const Context& context) {
  if (context.profileDirectory.empty()) return Profile::defaultDirectory();
  return std::filesystem::path(context.profileDirectory);
}

std::optional<std::filesystem::path> passphraseFileOf(const Context& context) {
  if (context.passphraseFile.empty()) return std::nullopt;
  return std::filesystem::path(context.passphraseFile);
}

std::string trimmed(const std::string& text) {
  constexpr const char* kWhiteSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kWhiteSpace);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhiteSpace) - first + 1);
}

// An id that begins with a dash.
bool looksLikeOption(const std::string& argument) {
  return argument.size() == kIdCharacters && argument.front() == '-' && fromBase64url(argument);
}

}  // namespace

Result<UnlockedProfile> openProfile(Context& context) {
  const auto directory = directoryOf(context);
  if (!directory) return tl::unexpected(directory.error());
  auto profile = Profile::load(*directory);
  if (!profile) return tl::unexpected(profile.error());
  const auto passphrase = readPassphrase(passphraseFileOf(context), PassphraseFor::kOpening);
  if (!passphrase) return tl::unexpected(passphrase.error());
  auto key = profile->databaseKey(*passphrase);
  if (!key) return tl::unexpected(key.error());
  return UnlockedProfile{std::move(*profile), std::move(*key)};
}

Result<std::unique_ptr<Client>> openClient(Context& context, std::function<void(const Event&)> onEvent) {
  const auto opened = openProfile(context);
  if (!opened) return tl::unexpected(opened.error());
  auto options = opened->options();
  options.onEvent = std::move(onEvent);
  return Client::open(options);
}

Result<UnlockedProfile> makeProfile(Context& context, const PassphraseCost& cost) {
  const auto directory = directoryOf(context);
  if (!directory) return tl::unexpected(directory.error());
  const auto passphrase = readPassphrase(passphraseFileOf(context), PassphraseFor::kNewProfile);
  if (!passphrase) return tl::unexpected(passphrase.error());
  if (passphrase->empty()) return fail(Errc::kInvalidArgument, "the passphrase is empty; give one");
  auto profile = Profile::make(*directory, cost, systemRandom());
  if (!profile) return tl::unexpected(profile.error());
  auto key = profile->databaseKey(*passphrase);
  if (!key) return tl::unexpected(key.error());
  return UnlockedProfile{std::move(*profile), std::move(*key)};
}

void addPassphraseCost(CLI::App& command, PassphraseCost& cost) {
  command.add_option("--kdf-memory", cost.memoryMiB, "MiB that each try of a passphrase takes (Argon2id; default 256)")
      ->check(CLI::Range(1, 4096));
  command.add_option("--kdf-operations", cost.operations, "passes over that memory (default 3)")
      ->check(CLI::Range(1, 64));
}

Result<std::string> textOrInput(const std::string& argument) {
  if (argument != "-") return trimmed(argument);
  std::string text;
  char chunk[4096];
  for (;;) {
    const ssize_t size = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return trimmed(text);
    text.append(chunk, static_cast<std::size_t>(size));
    if (text.size() > kInputBytes) return fail(Errc::kTooLong, "standard input is too long for this command");
  }
}

std::string guardedArgument(std::string argument) { return looksLikeOption(argument) ? kGuard + argument : argument; }

std::string unguarded(const std::string& argument) {
  const bool isGuarded = argument.starts_with(kGuard) && looksLikeOption(argument.substr(1));
  return isGuarded ? argument.substr(1) : argument;
}

Result<AccountId> parseAccount(const std::string& argument) {
  const auto bytes = fromBase64url(unguarded(argument));
  const Result<AccountId> account = bytes ? AccountId::parse(*bytes) : fail(Errc::kInvalidArgument, "");
  if (!account) return fail(Errc::kInvalidArgument, "that is no account id; 'waxwing status' prints one's own");
  return *account;
}

Result<Hash> parseHash(const std::string& argument) {
  const auto bytes = fromBase64url(unguarded(argument));
  const auto hash = bytes ? Hash::from(*bytes) : std::nullopt;
  if (!hash)
    return fail(Errc::kInvalidArgument,
                "that is no hash of a device list; 'waxwing contact list' and 'waxwing device list' print them");
  return *hash;
}

void showManifests(const std::pair<Hash, Hash>& between, Json& json, Table& table) {
  const std::string one = toBase64url(between.first.view());
  const std::string other = toBase64url(between.second.view());
  json["manifests"] = {one, other};
  table.add({"", "trust one:", one});
  table.add({"", "", other});
}

}  // namespace waxwing::tool
