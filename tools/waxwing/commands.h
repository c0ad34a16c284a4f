#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "client/waxwing.hpp"
#include "tools/waxwing/exit_status.h"
#include "tools/waxwing/output.h"
#include "tools/waxwing/profile.h"
#include "tools/waxwing/words.h"

// The commands, by family. Each `add…` describes its commands to the parser; parsing does nothing but choose one.
namespace waxwing::tool {

using Outcome = Result<ExitStatus>;

struct Context {
  std::string profileDirectory;  // empty: the default
  std::string passphraseFile;    // empty: none
  Output output;
  std::function<Outcome()> chosen;
};

void addAccountCommands(CLI::App& app, Context& context);  // init, invite, status
void addContactCommands(CLI::App& app, Context& context);
void addMessageCommands(CLI::App& app, Context& context);  // send, messages, read
void addSyncCommand(CLI::App& app, Context& context);
void addOutboxCommands(CLI::App& app, Context& context);
void addDeviceCommands(CLI::App& app, Context& context);
void addInspectCommand(CLI::App& app, Context& context);

// A profile, and the key of its database.
struct UnlockedProfile {
  Profile profile;
  GuardedMemory key;

  Client::Options options() const { return {.database = profile.database(), .databaseKey = key.view(), .onEvent = {}}; }
};
// The profile that the global options name, its passphrase asked for.
Result<UnlockedProfile> openProfile(Context& context);
Result<std::unique_ptr<Client>> openClient(Context& context, std::function<void(const Event&)> onEvent = {});
// A new one. Asks for the passphrase before anything is written.
Result<UnlockedProfile> makeProfile(Context& context, const PassphraseCost& cost);
void addPassphraseCost(CLI::App& command, PassphraseCost& cost);

// `argument` itself, or all of standard input without surrounding white space if it is "-". kTooLong over 1 MiB.
Result<std::string> textOrInput(const std::string& argument);

// Account ids and hashes are base64url, which may begin with a dash. They are guarded before parsing so that they are
// not taken for options; these undo that, and refuse (kInvalidArgument) what is none.
std::string guardedArgument(std::string argument);
Result<AccountId> parseAccount(const std::string& argument);
Result<Hash> parseHash(const std::string& argument);
std::string unguarded(const std::string& argument);

// The device lists between which the user must decide: their hashes, as 'contact trust' and 'device trust' take them.
void showManifests(const std::pair<Hash, Hash>& between, Json& json, Table& table);

}  // namespace waxwing::tool
