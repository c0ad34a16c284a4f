#pragma once

#include <functional>
#include <memory>

#include "store/migrate.h"
#include "store/relay/mailbox_store.h"

namespace waxwing::relay {

struct SqlcipherStoreOptions {
  std::filesystem::path path;
  ByteView key = {};  // 32 raw secret bytes; not kept
  Database::Existing existing = Database::Existing::kMustExist;
  StoreLimits limits = {};
  std::string vfs = {};  // empty: the system's
};

// The relay's schema, oldest step first (store/relay/schema/*.sql).
std::span<const Migration> relayMigrations();

// The default MailboxStore: one SQLCipher database with a connection that writes and one that may only read, both used
// by the calling thread. Outcomes as Database::open and migrate.
Result<std::unique_ptr<MailboxStore>> openSqlcipherStore(const SqlcipherStoreOptions& options);

// The same with a look at each edge of each commit, for tests (Database::onCommitPoint).
Result<std::unique_ptr<MailboxStore>> openSqlcipherStore(const SqlcipherStoreOptions& options,
                                                         std::function<void(CommitPoint, CommitEdge)> onCommitPoint);

}  // namespace waxwing::relay
