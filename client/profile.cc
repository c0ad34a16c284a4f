#include "client/profile.h"

#include <utility>

#include "outbox/outbox.h"
#include "session/own_device.h"
#include "store/client/client_database.h"
#include "store/client/disclosure_table.h"
#include "store/client/identity_table.h"
#include "store/client/settings.h"

namespace waxwing {
namespace {

constexpr std::string_view kToken = "client.registrationToken";

using OpenDatabase = Result<std::unique_ptr<Database>>;

template <typename Work>
auto withoutThrowing(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const StoreFailure& failure) {
    return fail(failure.code(), failure.what());
  }
}

OpenDatabase open(Database::Options& options, Database::Existing existing) {
  options.existing = existing;
  return openClientDatabase(options);
}

bool holdsDevice(Database& db) {
  const auto device = OwnDevice::load(db);
  return device.has_value() || device.error().code != Errc::kNoSuchProfile;
}

// A database without a device in it: a new one, or what an interrupted call left.
OpenDatabase openVacant(Database::Options& options) {
  auto db = open(options, Database::Existing::kMustNotExist);
  if (db || db.error().code != Errc::kProfileExists) return db;
  db = open(options, Database::Existing::kMustExist);
  if (db && holdsDevice(**db)) return fail(Errc::kProfileExists, "there is a profile here already");
  return db;
}

// Before the profile has any key: the database refuses it later.
Result<void> mark(Transaction& transaction, WallTime now) {
  if (IdentityTable(transaction.database()).findRequest()) {
    return fail(Errc::kNotAllowed, "a request to become a device waits here; make a test profile in another directory");
  }
  DisclosureTable(transaction.database()).mark(transaction, now);
  return {};
}

}  // namespace

OpenDatabase createProfile(Database::Options options, const RelayAddress& relay, std::string_view token,
                           const Clock& clock, Random& random, Purpose purpose) {
  if (const auto parsed = RelayAddress::parse(relay.text()); !parsed) return tl::unexpected(parsed.error());
  return withoutThrowing([&]() -> OpenDatabase {
    auto db = openVacant(options);
    if (!db) return db;
    Transaction transaction(**db, CommitPoint::kCreateProfile);
    if (purpose == Purpose::kTest) {
      if (auto marked = mark(transaction, clock.now()); !marked) return tl::unexpected(marked.error());
    }
    if (auto made = OwnDevice::createAccount(transaction, relay, clock, random); !made)
      return tl::unexpected(made.error());
    if (!token.empty()) Settings(**db).put(transaction, kToken, asBytes(token));
    transaction.commit();
    return db;
  });
}

OpenDatabase openProfile(Database::Options options) {
  return withoutThrowing([&]() -> OpenDatabase {
    auto db = open(options, Database::Existing::kMustExist);
    if (!db) return db;
    if (auto device = OwnDevice::load(**db); !device) return tl::unexpected(device.error());
    return db;
  });
}

Result<DeviceRequest> requestProfile(Database::Options options, const AccountId& account, const Clock& clock,
                                     Random& random) {
  return withoutThrowing([&]() -> Result<DeviceRequest> {
    auto db = openVacant(options);
    if (!db) return tl::unexpected(db.error());
    Transaction transaction(**db, CommitPoint::kDevices);
    auto request = makeDeviceRequest(transaction, account, clock, random);
    if (request) transaction.commit();
    return request;
  });
}

OpenDatabase joinProfile(Database::Options options, std::string_view grant, const Clock& clock, Random& random) {
  return withoutThrowing([&]() -> OpenDatabase {
    auto db = open(options, Database::Existing::kMustExist);
    if (!db) return db;
    if (auto joined = Outbox::join(**db, grant, clock, random); !joined) return tl::unexpected(joined.error());
    return db;
  });
}

std::string registrationToken(Database& db) {
  const auto token = Settings(db).find(kToken);
  return token ? std::string(asText(token->view())) : std::string();
}

}  // namespace waxwing
