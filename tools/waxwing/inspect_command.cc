#include <sys/stat.h>

#include <algorithm>
#include <cstdio>

#include "store/client/client_database.h"
#include "store/files.h"
#include "store/inspection.h"
#include "store/relay/sqlcipher_mailbox_store.h"
#include "tools/waxwing/commands.h"

namespace waxwing::tool {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kStoreKeyBytes = 32;

struct FileFact {
  std::string name;
  std::int64_t bytes = 0;
  std::string mode;  // octal, as chmod takes it
};

struct Findings {
  std::string kind;
  fs::path directory;
  std::vector<FileFact> files;
  std::string keyComesFrom;
  Inspection database;
  std::size_t newestSchema = 0;
};

std::vector<FileFact> filesIn(const fs::path& directory) {
  std::vector<FileFact> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    struct stat facts {};
    if (::lstat(entry.path().c_str(), &facts) != 0) continue;
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(facts.st_mode & 07777));
    found.push_back({entry.path().filename().string(), facts.st_size, mode});
  }
  std::ranges::sort(found, {}, &FileFact::name);
  return found;
}

std::string describe(const PassphraseParameters& parameters) {
  return "passphrase, Argon2id, " + std::to_string(parameters.operations) +
         (parameters.operations == 1 ? " pass over " : " passes over ") +
         std::to_string(parameters.memoryBytes / 1024) + " KiB, salt of " +
         std::to_string(parameters.salt.view().size()) + " bytes";
}

Result<Findings> lookAtProfile(Context& context) {
  auto unlocked = openProfile(context);
  if (!unlocked) return tl::unexpected(unlocked.error());
  const auto& profile = unlocked->profile;
  const auto newest = clientMigrations().size();
  auto found = inspectDatabase(profile.database(), unlocked->key.view(), newest);
  if (!found) return tl::unexpected(found.error());
  return Findings{
      "profile", profile.directory(), filesIn(profile.directory()), describe(profile.parameters()), std::move(*found),
      newest};
}

Result<GuardedMemory> storeKey(const fs::path& directory) {
  const auto path = directory / "store.key";
  for (const auto& needed : {path, directory / "relay.db"}) {
    const auto present = isPresent(needed);
    if (!present) return tl::unexpected(present.error());
    if (*present) continue;
    return fail(Errc::kNotFound,
                "no relay's directory: store.key and relay.db are to be in '" + std::string(directory) + "'");
  }
  auto content = readSmallFile(path, kStoreKeyBytes);
  if (content && content->size() == kStoreKeyBytes) {
    GuardedMemory key(kStoreKeyBytes);
    std::ranges::copy(*content, key.span().begin());
    wipe(*content);
    return key;
  }
  if (!content && content.error().code != Errc::kTooLong) return tl::unexpected(content.error());
  return fail(Errc::kDamaged, path.string() + " is not a store key");
}

Result<Findings> lookAtRelay(const fs::path& directory) {
  const auto key = storeKey(directory);
  if (!key) return tl::unexpected(key.error());
  const auto newest = relay::relayMigrations().size();
  auto found = inspectDatabase(directory / "relay.db", key->view(), newest);
  if (!found) return tl::unexpected(found.error());
  return Findings{"relay", directory, filesIn(directory), "store.key, 32 random bytes", std::move(*found), newest};
}

Json toJson(const std::vector<Inspection::NamedValue>& values) {
  Json json = Json::object();
  for (const auto& [name, value] : values) json[name] = value;
  return json;
}

Json toJson(const Findings& findings) {
  Json files = Json::array();
  for (const auto& file : findings.files) {
    files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"mode", file.mode}});
  }
  Json tables = Json::array();
  for (const auto& table : findings.database.tables) {
    tables.push_back({{"name", table.name}, {"rows", table.rows}, {"bytes", table.bytes}});
  }
  return {{"kind", findings.kind},
          {"directory", findings.directory.string()},
          {"files", std::move(files)},
          {"key", findings.keyComesFrom},
          {"cipher", toJson(findings.database.cipher)},
          {"file", toJson(findings.database.file)},
          {"required", toJson(findings.database.required)},
          {"schema", findings.database.schemaVersion},
          {"newestSchema", findings.newestSchema},
          {"brokenPages", findings.database.brokenPages},
          {"tables", std::move(tables)}};
}

void add(std::string& out, std::string_view head, const Table& table) {
  out.append("\n").append(head).append("\n").append(table.text());
}

Table tableOf(const std::vector<Inspection::NamedValue>& values) {
  Table table;
  for (const auto& [name, value] : values) table.add({"  " + name, printable(value)});
  return table;
}

std::string textOf(const Findings& findings) {
  const auto& database = findings.database;
  Table overview;
  overview.add({"A " + findings.kind + " in", printable(findings.directory.string())});
  overview.add({"Schema", std::to_string(database.schemaVersion) +
                              " (this program's newest: " + std::to_string(findings.newestSchema) + ")"});
  overview.add({"Key from", findings.keyComesFrom});
  overview.add({"Pages", database.brokenPages == 0 ? std::string("every page authenticates")
                                                   : counted(static_cast<std::size_t>(database.brokenPages), "page") +
                                                         " do not authenticate"});
  Table files;
  for (const auto& file : findings.files) {
    files.add({"  " + printable(file.name), std::to_string(file.bytes) + " bytes", "mode " + file.mode});
  }
  Table tables;
  for (const auto& table : database.tables) {
    tables.add({"  " + table.name, counted(static_cast<std::size_t>(table.rows), "row"),
                std::to_string(table.bytes) + " bytes"});
  }
  std::string out = overview.text();
  add(out, "Files", files);
  add(out, "Cipher, as SQLCipher says", tableOf(database.cipher));
  add(out, "Database file", tableOf(database.file));
  add(out, "Set and read back whenever it is opened for work", tableOf(database.required));
  add(out, "Tables (bytes: of all values in them)", tables);
  return out;
}

Outcome inspect(Context& context, const std::string& relayDirectory) {
  const auto findings = relayDirectory.empty() ? lookAtProfile(context) : lookAtRelay(relayDirectory);
  if (!findings) return tl::unexpected(findings.error());
  context.output.show(toJson(*findings), textOf(*findings));
  if (findings->database.brokenPages == 0) return ExitStatus::kOk;
  return fail(Errc::kDamaged, "the database is damaged: keep its files and restore a copy");
}

}  // namespace

void addInspectCommand(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("inspect",
                                     "for auditors: what a profile or a relay's directory holds, and how; "
                                     "no secrets, texts, ids or names");
  const auto relayDirectory = std::make_shared<std::string>();
  command->add_option("--relay-directory", *relayDirectory, "look at this relay's directory instead; it is stopped");
  command->callback([&context, relayDirectory] {
    context.chosen = [&context, relayDirectory] { return inspect(context, *relayDirectory); };
  });
}

}  // namespace waxwing::tool
