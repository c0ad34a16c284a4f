#pragma once

#include "crypto/limits.h"

// The bounds of recovery: asking for what is missing, and sending it again (docs/protocol.md §9).
namespace waxwing::limits {

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
inline constexpr milliseconds kResendGrace = 1min;  // what left just now is on its way
inline constexpr milliseconds kProbeGrace = 10min;
inline constexpr milliseconds kProbeFirst = 1min;
inline constexpr milliseconds kProbeMost = 24h;
inline constexpr std::uint32_t kProbesMost = 10;
inline constexpr std::size_t kProbeContents = 16;
inline constexpr std::size_t kGonePerDevice = 256;

}  // namespace waxwing::limits
