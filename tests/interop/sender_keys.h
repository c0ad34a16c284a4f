#pragma once

#include "crypto/bytes.h"
#include "crypto/error.h"
#include "crypto/ports.h"
#include "session/signal_context.h"

struct signal_protocol_store_context;

namespace waxwing::testing {

// One sender's key in one group, at the level of libsignal-protocol-c over our primitives and our padding: either the
// sender's own half (`create`, `encrypt`) or a receiver's (`take`, `decrypt`). A new one replaces the old.
class SenderKeys {
 public:
  explicit SenderKeys(Random& random);
  ~SenderKeys();
  SenderKeys(const SenderKeys&) = delete;
  SenderKeys& operator=(const SenderKeys&) = delete;

  // A new key of ours: the distribution message for the group.
  Bytes create();
  // A sender's key. Throws std::runtime_error if it is not a distribution message.
  void take(ByteView distribution);

  Bytes encrypt(ByteView content);
  // kMalformed, kUndecryptable.
  Result<Bytes> decrypt(ByteView ciphertext);

 private:
  struct Callbacks;

  Random& random_;
  SignalContext signal_;
  signal_protocol_store_context* store_ = nullptr;
  Bytes record_;
};

}  // namespace waxwing::testing
