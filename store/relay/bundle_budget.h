#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>

#include "store/relay/mailbox_store.h"

// How many one-time keys a holder of an access key may draw (hardening.md "Abuse"). In memory: a restart fills the
// buckets, which costs a device a handful of keys and nothing else. Internal to store/relay.
namespace waxwing::relay {

class BundleBudget {
 public:
  explicit BundleBudget(const StoreLimits& limits) : limits_(limits) {}

  // Contacts share one key, so they are told apart by connection; an invite key is one holder wherever it is used.
  bool allows(std::int64_t mailbox, const KeyHolder& holder, KeyClass keyClass, WallTime now) const;
  void spend(std::int64_t mailbox, const KeyHolder& holder, KeyClass keyClass, WallTime now);
  // Drops the buckets that are full again.
  void trim(WallTime now);

 private:
  // Nobody: all holders of the device together.
  struct Bucket {
    std::int64_t mailbox = 0;
    std::optional<AccessKeyHash> key = {};
    std::uint64_t connection = 0;
    auto operator<=>(const Bucket&) const = default;
  };

  static Bucket holderBucket(std::int64_t mailbox, const KeyHolder& holder, KeyClass keyClass);
  bool allows(const Bucket& bucket, const StoreLimits::Budget& budget, WallTime now) const;
  void spend(const Bucket& bucket, const StoreLimits::Budget& budget, WallTime now);

  const StoreLimits limits_;
  std::map<Bucket, WallTime> fullAt_;  // absent: full
};

}  // namespace waxwing::relay
