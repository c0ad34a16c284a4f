#pragma once

#include <kj/async-io.h>
#include <kj/time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

// How long both ends wait for what is slow, and how they notice what is gone.
namespace waxwing {

// The slowest link over which a full batch or page still gets through: half of 64 kbit/s. At a fixed time for every
// call a large one would be given up, and sent again from its beginning, for ever.
inline constexpr std::size_t kSlowestBytesPerSecond = 4 * 1024;

// How long to wait for what would take `usual` at the most, if so many bytes are on their way with it.
inline kj::Duration patience(kj::Duration usual, std::size_t bytes) {
  return std::max(usual, static_cast<std::int64_t>(bytes / kSlowestBytesPerSecond) * kj::SECONDS);
}

// Lets the system end a TCP connection whose peer is gone without a word: with data on its way to it after
// limits::kTakenWithin, else after 80 s (TCP_USER_TIMEOUT ends a silent connection at the first probe that follows an
// unanswered one). The same holds for a peer that is there and takes nothing. What is no TCP connection, or none any
// more, is left as it is.
void noticeAbsence(kj::AsyncIoStream& stream);

}  // namespace waxwing
