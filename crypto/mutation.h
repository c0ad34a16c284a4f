#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

// Deliberate bugs, to prove that the simulator finds them (tests/sim). Only builds with kill points contain them; in
// all others `mutated` is a constant, and nothing of them is left in the code.
namespace waxwing {

enum class Mutation : std::uint8_t {
  kSkipSavepoint,            // what a refused envelope wrote is kept
  kAcknowledgeBeforeCommit,  // a page is acknowledged, then applied
  kAnswerBeforeSync,         // a commit does not wait for the disk
  kForgetAnchor,             // ciphertext leaves before its anchor is confirmed
  kEncryptWithSpentKey,      // a restored copy goes on with its old sessions
  kTrustStaleManifest,       // an older device list replaces a newer one
  kDropReceiptOnCrash,       // receipts leave the database before they are queued
  kKnownBeforeStored,        // the relay says accepted to what a full mailbox refused before
  kAcknowledgeOneMore,       // the relay deletes one envelope too many
  kOvertakeFull,             // the relay lets an envelope overtake one that was refused
  kStateBackward,            // a late answer takes a delivery state back
  kBelieveLostAnswer,        // a batch whose answer was lost counts as accepted
  kOneTimeKeyTwice,          // the relay hands a one-time key out twice
  kForgetRatchetStep,        // a session is not stored now and then
  kSenderOnTheWire,          // an envelope shows its sender
  kHideHoles,                // missing numbers are not shown
  kForgetSibling,            // own devices are not told what was sent
  kForgetDevice,             // only the first device of an account is written to
  kReverseLane,              // a batch goes out in reverse order
  kSendWithoutCommit,        // a call returns success without a commit now and then
  kFenceWithoutBacklog,      // a new link begins after what waits
  kAttributeToPrimary,       // a message is shown as from its account's first device
  kSeenUnproven,             // an EnvelopeId counts as known once anything came under it
};
inline constexpr std::size_t kMutations = 23;

std::string_view name(Mutation mutation);
std::span<const Mutation> allMutations();
std::optional<Mutation> findMutation(std::string_view name);

// The bug that this process has from now on. False in a build without.
bool mutate(Mutation mutation);

#ifdef WAXWING_KILL_POINTS
std::optional<Mutation> activeMutation();
inline bool mutated(Mutation mutation) { return activeMutation() == mutation; }
#else
constexpr std::optional<Mutation> activeMutation() { return std::nullopt; }
constexpr bool mutated(Mutation) { return false; }
#endif

}  // namespace waxwing
