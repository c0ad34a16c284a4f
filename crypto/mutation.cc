#include "crypto/mutation.h"

#include <array>
#include <utility>

namespace waxwing {
namespace {

constexpr std::array<std::pair<Mutation, std::string_view>, kMutations> kNames = {{
    {Mutation::kSkipSavepoint, "skipSavepoint"},
    {Mutation::kAcknowledgeBeforeCommit, "acknowledgeBeforeCommit"},
    {Mutation::kAnswerBeforeSync, "answerBeforeSync"},
    {Mutation::kForgetAnchor, "forgetAnchor"},
    {Mutation::kEncryptWithSpentKey, "encryptWithSpentKey"},
    {Mutation::kTrustStaleManifest, "trustStaleManifest"},
    {Mutation::kDropReceiptOnCrash, "dropReceiptOnCrash"},
    {Mutation::kKnownBeforeStored, "knownBeforeStored"},
    {Mutation::kAcknowledgeOneMore, "acknowledgeOneMore"},
    {Mutation::kOvertakeFull, "overtakeFull"},
    {Mutation::kStateBackward, "stateBackward"},
    {Mutation::kBelieveLostAnswer, "believeLostAnswer"},
    {Mutation::kOneTimeKeyTwice, "oneTimeKeyTwice"},
    {Mutation::kForgetRatchetStep, "forgetRatchetStep"},
    {Mutation::kSenderOnTheWire, "senderOnTheWire"},
    {Mutation::kHideHoles, "hideHoles"},
    {Mutation::kForgetSibling, "forgetSibling"},
    {Mutation::kForgetDevice, "forgetDevice"},
    {Mutation::kReverseLane, "reverseLane"},
    {Mutation::kSendWithoutCommit, "sendWithoutCommit"},
    {Mutation::kFenceWithoutBacklog, "fenceWithoutBacklog"},
    {Mutation::kAttributeToPrimary, "attributeToPrimary"},
    {Mutation::kSeenUnproven, "seenUnproven"},
}};

constexpr auto kAll = [] {
  std::array<Mutation, kMutations> all{};
  for (std::size_t i = 0; i < kMutations; ++i) all[i] = kNames[i].first;
  return all;
}();

#ifdef WAXWING_KILL_POINTS
std::optional<Mutation> active;
#endif

}  // namespace

std::string_view name(Mutation mutation) { return kNames[static_cast<std::size_t>(mutation)].second; }

std::span<const Mutation> allMutations() { return kAll; }

std::optional<Mutation> findMutation(std::string_view wanted) {
  for (const auto& [mutation, known] : kNames) {
    if (known == wanted) return mutation;
  }
  return std::nullopt;
}

#ifdef WAXWING_KILL_POINTS
bool mutate(Mutation mutation) {
  active = mutation;
  return true;
}
std::optional<Mutation> activeMutation() { return active; }
#else
bool mutate(Mutation) { return false; }
#endif

}  // namespace waxwing
