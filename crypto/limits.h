#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every bound of Waxwing in one place. Bytes unless the name says otherwise. docs/protocol.md quotes them.
namespace waxwing::limits {

using namespace std::chrono_literals;
using std::chrono::hours;
using std::chrono::milliseconds;

inline constexpr hours kDay{24};

// Accounts and manifests (protocol.md §1)
inline constexpr std::size_t kDevicesPerManifest = 16;
inline constexpr std::size_t kManifestBytes = 8 * 1024;
inline constexpr std::uint64_t kManifestVersionMax = 1ull << 62;
inline constexpr std::uint32_t kRegistrationIdMax = 16380;
inline constexpr hours kManifestRefresh = 7 * kDay;
inline constexpr hours kManifestUnconfirmedAge = 30 * kDay;
inline constexpr std::size_t kRelayAddressBytes = 2048;
inline constexpr std::size_t kNameBytes = 128;
inline constexpr std::size_t kInviteBytes = 4096;
inline constexpr std::size_t kDeviceRequestBytes = 1024;            // as text
inline constexpr std::size_t kDeviceGrantBytes = 16 * 1024 * 1024;  // as text

// Published keys (protocol.md §2)
inline constexpr std::uint32_t kOneTimeKeysPublished = 100;
inline constexpr std::uint32_t kOneTimeKeysRefillAt = 25;
inline constexpr std::uint32_t kPreKeyIdMax = 0xFFFFFE;
inline constexpr std::uint64_t kKeysCounterMax = 1ull << 62;
inline constexpr hours kOneTimeStockAge = 30 * kDay;
inline constexpr std::size_t kSealKeysPublished = 4;
inline constexpr std::size_t kPublishedKeysBytes = 4 * 1024;
inline constexpr hours kKeyRotation{48};
inline constexpr hours kPrivateKeysKeptAfterRetention = 32 * kDay;
inline constexpr hours kOwnTimeStep = 7 * kDay;  // by which a device's own service time follows the wall clock at once
inline constexpr hours kSealKeyFetchedAge = 7 * kDay;

// Sessions (protocol.md §2)
inline constexpr std::size_t kArchivedStates = 5;
inline constexpr std::uint32_t kSenderChainIndex = 1500;
inline constexpr std::uint32_t kUnknownChainCounter = 2000;
inline constexpr std::uint32_t kUnknownChainCounterAtOnce = 100;
inline constexpr std::uint64_t kTurnWork = 40;  // a turn of the ratchet, in steps of a chain
inline constexpr hours kUnacknowledgedSessionAge = 30 * kDay;
inline constexpr hours kUnsubmittedPreKeyMessageAge = 14 * kDay;
inline constexpr std::size_t kSessionRecordBytes = 256 * 1024;
inline constexpr std::size_t kConfirmedAnchorsKept = 64;
inline constexpr hours kClonedWithin = kDay;

// Content and envelopes (protocol.md §3, §4)
inline constexpr std::size_t kTextBytes = 32 * 1024;
inline constexpr std::size_t kContentBytes = 64 * 1024;
inline constexpr std::size_t kEnvelopeBytes = 128 * 1024;
inline constexpr std::size_t kContactNoteBytes = 1024;
inline constexpr std::size_t kSmallestPadded = 256;
inline constexpr std::size_t kReceiptsPerContent = 512;
inline constexpr std::size_t kItemsPerContent = 512;  // references, ids, ranges
inline constexpr std::size_t kFormerStreams = 16;     // named with their ends, the newest
inline constexpr std::size_t kAttachmentsPerContent = 32;
inline constexpr std::size_t kAttachmentFieldBytes = 2048;
inline constexpr std::size_t kReactionBytes = 64;
inline constexpr std::size_t kContactRequests = 100;
inline constexpr milliseconds kRemoteClockAhead = 5min;
inline constexpr std::size_t kNestingLevels = 16;

// Submitting and receiving (protocol.md §6, §7)
inline constexpr std::size_t kBatchEnvelopes = 100;
inline constexpr std::size_t kBatchBytes = 1024 * 1024;
inline constexpr std::size_t kSliceEnvelopes = 64;
inline constexpr milliseconds kSliceTime = 20ms;
inline constexpr std::uint64_t kWorkPerKeyClass = 20'000;  // in vain, in steps of a chain
inline constexpr std::uint64_t kSlowQueueEnvelopes = 1'000;
inline constexpr std::uint64_t kSlowQueueBytes = 32ull * 1024 * 1024;
inline constexpr std::size_t kSlowEnvelopesPerTurn = 8;
inline constexpr std::uint64_t kSlowWorkPerTurn = 5'000;
inline constexpr std::uint64_t kSlowWorkInVain = 40'000;  // on what waited, for each class of access key, within
inline constexpr milliseconds kSlowWorkWithin = 1h;
inline constexpr milliseconds kBackoffFirst = 500ms;
inline constexpr milliseconds kBackoffMost = 60s;
inline constexpr milliseconds kBackoffResetAfter = 30s;
inline constexpr milliseconds kDeniedRetryFirst = 1min;
inline constexpr milliseconds kDeniedRetryMost = 60min;
inline constexpr milliseconds kReceiptBatchFirst = 1s;
inline constexpr milliseconds kReceiptBatchJitter = 1s;

// What is missing: asking for it, and sending it again (protocol.md §9)
inline constexpr std::uint64_t kSequenceMax = 1ull << 62;  // of a stream
inline constexpr std::size_t kHolePlaces = 1 << 20;  // of a timeline, kept free for what may still come
inline constexpr hours kSentAge = 30 * kDay;
inline constexpr std::uint64_t kSentPerDevice = 20'000;
inline constexpr std::uint64_t kSentBytesPerDevice = 64ull * 1024 * 1024;
inline constexpr milliseconds kAskAfter = 5s;
inline constexpr milliseconds kAskAgainFirst = 1min;
inline constexpr milliseconds kAskAgainMost = 12h;
inline constexpr std::uint32_t kAsksMost = 12;
inline constexpr hours kAsksForgotten = kDay;
inline constexpr hours kHeardRecently = kDay;
inline constexpr milliseconds kFreshSessionEvery = 1h;
inline constexpr milliseconds kOpeningWait = 2min;
inline constexpr std::size_t kUnreadablePerDevice = 64;
inline constexpr std::size_t kResendsPerRequest = 256;
inline constexpr std::uint32_t kResendsMost = 8;
inline constexpr milliseconds kResendAgainFirst = 1min;
inline constexpr milliseconds kRequestAgainFirst = 10min;  // a contact request that was not answered
inline constexpr milliseconds kRequestAgainMost = 24h;
inline constexpr milliseconds kResendGrace = 1min;  // what left just now is on its way
inline constexpr milliseconds kProbeGrace = 10min;
inline constexpr milliseconds kProbeFirst = 1min;
inline constexpr milliseconds kProbeMost = 24h;
inline constexpr std::uint32_t kProbesMost = 10;
inline constexpr std::size_t kProbeContents = 16;
inline constexpr std::size_t kGonePerDevice = 256;

// The relay's queues (relay.md)
inline constexpr std::uint64_t kMailboxEnvelopes = 10'000;
inline constexpr std::uint64_t kMailboxBytes = 256ull * 1024 * 1024;
inline constexpr std::uint64_t kInviteEnvelopesWaiting = 20;
inline constexpr std::size_t kInviteKeys = 32;
inline constexpr std::size_t kPastContactKeys = 4;
inline constexpr std::size_t kWindowEnvelopes = 256;
inline constexpr std::size_t kWindowBytes = 1024 * 1024;
inline constexpr std::size_t kPageEnvelopes = 64;
inline constexpr std::size_t kPageBytesInFlight = 256 * 1024 * 1024;
inline constexpr hours kRetention = 30 * kDay;
inline constexpr hours kPastContactKeysKept = kRetention;  // by then what tells of the new key was read, or is gone
inline constexpr hours kSetAsideKept = 30 * kDay;  // an envelope that its device never got past
inline constexpr hours kEnvelopeIdRemembered = 7 * kDay;
inline constexpr milliseconds kServiceTimeStep = 5min;  // the relay's, at each heartbeat

// Connections (relay.md, hardening.md)
inline constexpr std::size_t kAnonymousMessageBytes = 64 * 1024;
inline constexpr std::size_t kMessageBytes = 2 * 1024 * 1024;
inline constexpr std::size_t kSegments = 64;
inline constexpr std::size_t kUnsentBytes = 1024 * 1024;
inline constexpr std::size_t kConnections = 4096;
inline constexpr std::size_t kAnonymousCallsInFlight = 16;
inline constexpr std::size_t kCallsInFlight = 256;
inline constexpr std::size_t kOpenQuestions = 2048;  // asked and not finished with, answered or not
inline constexpr std::size_t kCapabilities = 512;    // handed out and not released
inline constexpr std::size_t kHandshakes = 256;      // under way, each port
inline constexpr milliseconds kConnectTimeout = 10s;
inline constexpr milliseconds kHandshakeTimeout = 10s;
inline constexpr milliseconds kLoginTimeout = 30s;
inline constexpr milliseconds kCallTimeout = 30s;
inline constexpr milliseconds kTakenWithin = 30s;  // what was sent to a peer, before it counts as gone
inline constexpr milliseconds kNonceAge = 30s;
inline constexpr milliseconds kPingEvery = 25s;
inline constexpr milliseconds kPingAnswer = 10s;
inline constexpr milliseconds kUntrustedRetry = 5min;
inline constexpr std::size_t kAnonymousConnections = 32;
inline constexpr milliseconds kAnonymousIdle = 60s;

}  // namespace waxwing::limits
