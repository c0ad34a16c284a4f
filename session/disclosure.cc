#include "session/disclosure.h"

#include <utility>

namespace waxwing {

using Event = DisclosureTable::Event;
using Type = DisclosureTable::Type;

void Disclosure::Recorder::fill(std::span<std::uint8_t> out) {
  random_.fill(out);
  if (on_) drawn_.insert(drawn_.end(), out.begin(), out.end());
}

Disclosure::Disclosure(Database& db, Random& random) : table_(db), random_(random, table_.isTestProfile()) {}

void Disclosure::add(Event&& event) {
  if (!isOn()) return;
  event.drawn = random_.drawn();
  table_.add(event);
  random_.forget();
}

void Disclosure::opened(const DeviceAddress& peer, std::uint32_t signedPreKey,
                        const std::optional<OneTimeKey>& oneTime) {
  Event event{.type = Type::kOpen, .peer = peer, .signedPreKey = signedPreKey};
  if (oneTime) event.oneTimeKey = oneTime->id;
  add(std::move(event));
}

void Disclosure::sent(const DeviceAddress& peer, CipherKind kind, ByteView content, ByteView message) {
  if (!isOn()) return;
  add({.type = Type::kSend,
       .peer = peer,
       .kind = static_cast<std::uint8_t>(kind),
       .content = toBytes(content),
       .message = toBytes(message)});
}

void Disclosure::received(const DeviceAddress& peer, CipherKind kind, ByteView content, ByteView message) {
  if (!isOn()) return;
  add({.type = Type::kReceive,
       .peer = peer,
       .kind = static_cast<std::uint8_t>(kind),
       .content = toBytes(content),
       .message = toBytes(message)});
}

void Disclosure::wiped(const DeviceAddress& peer) { add({.type = Type::kWipe, .peer = peer}); }

void Disclosure::sealed(const Envelope& envelope, ByteView bytes) {
  if (!isOn()) return;
  add({.type = Type::kSeal,
       .peer = envelope.to,
       .kind = static_cast<std::uint8_t>(envelope.kind),
       .message = envelope.ciphertext,
       .envelope = toBytes(bytes)});
}

void Disclosure::unsealed(const DeviceAddress& from, ByteView bytes) {
  if (!isOn()) return;
  begin();
  add({.type = Type::kUnseal, .peer = from, .envelope = toBytes(bytes)});
}

}  // namespace waxwing
