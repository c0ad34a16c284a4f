#pragma once

#include <optional>

#include "crypto/ids.h"
#include "crypto/ports.h"
#include "session/envelope.h"
#include "session/published_keys.h"
#include "store/client/disclosure_table.h"

namespace waxwing {

// What a test profile writes down of its sessions, for `waxwing-vectors capture`: every step with its random bytes.
// In any other profile nothing is remembered and nothing is written.
//
// Every event is written in the transaction of the step that it tells of, so that both are there or neither.
class Disclosure {
 public:
  Disclosure(Database& db, Random& random);

  bool isOn() const { return random_.isOn(); }
  // Where a step draws from.
  Random& random() { return random_; }
  // A step begins: what was drawn before belongs to another.
  void begin() { random_.forget(); }

  void opened(const DeviceAddress& peer, std::uint32_t signedPreKey, const std::optional<OneTimeKey>& oneTime);
  void sent(const DeviceAddress& peer, CipherKind kind, ByteView content, ByteView message);
  void received(const DeviceAddress& peer, CipherKind kind, ByteView content, ByteView message);
  void wiped(const DeviceAddress& peer);
  void sealed(const Envelope& envelope, ByteView bytes);
  void unsealed(const DeviceAddress& from, ByteView bytes);

 private:
  class Recorder final : public Random {
   public:
    Recorder(Random& random, bool on) : random_(random), on_(on) {}
    void fill(std::span<std::uint8_t> out) override;
    bool isOn() const { return on_; }
    void forget() { drawn_.clear(); }
    const Bytes& drawn() const { return drawn_; }

   private:
    Random& random_;
    bool on_;
    Bytes drawn_;
  };

  void add(DisclosureTable::Event&& event);

  DisclosureTable table_;
  Recorder random_;
};

}  // namespace waxwing
