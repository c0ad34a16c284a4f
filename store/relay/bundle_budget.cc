#include "store/relay/bundle_budget.h"

#include <algorithm>

namespace waxwing::relay {

BundleBudget::Bucket BundleBudget::holderBucket(std::int64_t mailbox, const KeyHolder& holder, KeyClass keyClass) {
  return {mailbox, holder.key, keyClass == KeyClass::kInvite ? 0 : holder.connection};
}

bool BundleBudget::allows(const Bucket& bucket, const StoreLimits::Budget& budget, WallTime now) const {
  const auto found = fullAt_.find(bucket);
  if (found == fullAt_.end()) return budget.atOnce > 0;
  return found->second <= now + (budget.atOnce - 1) * budget.oneEvery;
}

void BundleBudget::spend(const Bucket& bucket, const StoreLimits::Budget& budget, WallTime now) {
  WallTime& fullAt = fullAt_[bucket];
  fullAt = std::max(fullAt, now) + budget.oneEvery;
}

bool BundleBudget::allows(std::int64_t mailbox, const KeyHolder& holder, KeyClass keyClass, WallTime now) const {
  return allows(holderBucket(mailbox, holder, keyClass), limits_.bundlesPerHolder, now) &&
         allows({mailbox}, limits_.bundlesPerDevice, now);
}

void BundleBudget::spend(std::int64_t mailbox, const KeyHolder& holder, KeyClass keyClass, WallTime now) {
  spend(holderBucket(mailbox, holder, keyClass), limits_.bundlesPerHolder, now);
  spend({mailbox}, limits_.bundlesPerDevice, now);
}

void BundleBudget::trim(WallTime now) {
  std::erase_if(fullAt_, [&](const auto& entry) { return entry.second <= now; });
}

}  // namespace waxwing::relay
