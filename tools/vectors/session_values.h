#pragma once

#include <cstdint>
#include <optional>

#include "crypto/bytes.h"

namespace waxwing::vectors {

// Where a session stands, in the words of docs/protocol.md §5: its current state. Secret.
struct SessionValues {
  Bytes rootKey;
  Bytes ratchetSecret;  // of the sending chain
  Bytes chainKey;       // of the next message to be sent
  std::uint32_t chainIndex = 0;
  std::uint64_t archived = 0;  // how many states stand behind the current one
};

// Of a record as the session table keeps it; nothing if it has no state that can send.
std::optional<SessionValues> valuesOfSession(ByteView record);

}  // namespace waxwing::vectors
