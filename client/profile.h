#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "crypto/ports.h"
#include "session/device_link.h"
#include "session/relay_address.h"
#include "store/database.h"

// How a database becomes a device of an account, without a network. All end with an open database, and report failures
// of the disk as values. A crash anywhere leaves what the same call completes when it is made again. `options.existing`
// is set here.
namespace waxwing {

// A test profile is marked for good, and discloses what it does (session/disclosure.h).
enum class Purpose { kOrdinary, kTest };

// A new account. kProfileExists if the database holds a device already; kBadAddress; kNotAllowed for a test profile in
// the place of a request that waits.
Result<std::unique_ptr<Database>> createProfile(Database::Options options, const RelayAddress& relay,
                                                std::string_view token, const Clock& clock, Random& random,
                                                Purpose purpose = Purpose::kOrdinary);
// kNoSuchProfile also where only a request waits.
Result<std::unique_ptr<Database>> openProfile(Database::Options options);

// A request to become a device of `account`; it waits in the database, which is made if need be. kProfileExists.
Result<DeviceRequest> requestProfile(Database::Options options, const AccountId& account, const Clock& clock,
                                     Random& random);
// With the primary's answer. kNotFound, kSealBroken, kBadSignature, kBadBinding.
Result<std::unique_ptr<Database>> joinProfile(Database::Options options, std::string_view grant, const Clock& clock,
                                              Random& random);

// The relay's permission to register, as it was given to `createProfile`; kept, because a relay that was set up anew
// asks for it again.
std::string registrationToken(Database& db);

}  // namespace waxwing
