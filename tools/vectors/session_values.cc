#include "tools/vectors/session_values.h"

#include <signal/ratchet.h>
#include <signal/session_record.h>
#include <signal/session_state.h>

#include "crypto/ports.h"
#include "session/signal_context.h"

namespace waxwing::vectors {
namespace {

template <typename Key, typename Serialize>
Bytes bytesOf(Key* key, Serialize serialize) {
  SignalBuffer buffer;
  requireSignal(serialize(buffer.out(), key));
  return toBytes(view(buffer));
}

std::uint64_t archivedIn(session_record* record) {
  std::uint64_t count = 0;
  for (auto* node = session_record_get_previous_states_head(record); node != nullptr;
       node = session_record_get_previous_states_next(node)) {
    ++count;
  }
  return count;
}

}  // namespace

std::optional<SessionValues> valuesOfSession(ByteView bytes) {
  const SignalContext signal(systemRandom());
  SignalRef<session_record> record;
  requireSignal(session_record_deserialize(record.out(), bytes.data(), bytes.size(), signal.get()));
  const auto* state = session_record_get_state(record.get());
  if (state == nullptr || session_state_has_sender_chain(state) != 1) return std::nullopt;
  const auto* chain = session_state_get_sender_chain_key(state);
  const auto* pair = session_state_get_sender_ratchet_key_pair(state);
  SessionValues values;
  values.rootKey = bytesOf(session_state_get_root_key(state), [](signal_buffer** out, ratchet_root_key* key) {
    return ratchet_root_key_get_key(key, out);
  });
  values.ratchetSecret = bytesOf(ec_key_pair_get_private(pair), [](signal_buffer** out, ec_private_key* key) {
    return ec_private_key_serialize(out, key);
  });
  values.chainKey = bytesOf(
      chain, [](signal_buffer** out, const ratchet_chain_key* key) { return ratchet_chain_key_get_key(key, out); });
  values.chainIndex = ratchet_chain_key_get_index(chain);
  values.archived = archivedIn(record.get());
  return values;
}

}  // namespace waxwing::vectors
