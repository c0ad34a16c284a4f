#include "tests/support/wire_tap.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "crypto/hash.h"
#include "crypto/text.h"

namespace waxwing::testing {
namespace {

// libsignal's messages are protobuf behind a version byte; of whose fields we need a few.
class Fields {
 public:
  explicit Fields(ByteView bytes) : left_(bytes) {
    while (!left_.empty()) readField();
  }
  ByteView blob(std::uint64_t number) const { return blobs_.at(number); }
  std::uint64_t integer(std::uint64_t number) const { return integers_.contains(number) ? integers_.at(number) : 0; }

 private:
  void readField() {
    const std::uint64_t tag = readVarint();
    if (tag % 8 == 0) {
      integers_[tag / 8] = readVarint();
    } else if (tag % 8 == 2) {
      const auto size = static_cast<std::size_t>(readVarint());
      if (size > left_.size()) throw std::runtime_error("a field is cut short");
      blobs_[tag / 8] = left_.first(size);
      left_ = left_.subspan(size);
    } else {
      throw std::runtime_error("an unknown field");
    }
  }
  std::uint64_t readVarint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (left_.empty()) break;
      const std::uint8_t byte = left_.front();
      left_ = left_.subspan(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    throw std::runtime_error("a number is cut short");
  }

  ByteView left_;
  std::map<std::uint64_t, ByteView> blobs_;
  std::map<std::uint64_t, std::uint64_t> integers_;
};

constexpr std::size_t kMacBytes = 8;  // behind a SignalMessage

// The SignalMessage itself: a PreKeySignalMessage (field 4) carries one.
ByteView signalMessage(const Envelope& envelope) {
  ByteView bytes = envelope.ciphertext;
  if (envelope.kind != CipherKind::kPreKey) return bytes;
  return Fields(bytes.subspan(1)).blob(4);
}

}  // namespace

void WireTap::learnKeys(const DeviceAddress& device, Database& db) {
  auto find = db.prepare("SELECT id, secret FROM seal_key");
  Rows rows = find.query();
  while (rows.next()) {
    auto& known = keys_[{device, static_cast<std::uint32_t>(rows.integer(0))}];
    const auto isThis = [&](const CurveKeyPair& key) { return std::ranges::equal(key.secret(), rows.blob(1)); };
    if (std::ranges::none_of(known, isThis)) known.push_back(CurveKeyPair::fromSecret(rows.blob(1)));
  }
}

void WireTap::onSubmit(const relay::Submit& batch) {
  for (const relay::Envelope& envelope : batch.envelopes) {
    const std::string_view text = asText(envelope.payload);
    for (const std::string& secret : secrets_) {
      if (text.find(secret) != std::string_view::npos) offences_.push_back("a plaintext stands on the wire");
    }
    for (const AccountId& account : accounts_) {
      const bool shown = text.find(asText(account.view())) != std::string_view::npos ||
                         text.find(account.hex()) != std::string_view::npos;
      if (shown) offences_.push_back("an account id stands on the wire");
    }
    const Heard heard{{batch.account, envelope.device}, envelope.id, envelope.payload};
    if (!open(heard)) waiting_.push_back(heard);
  }
}

void WireTap::openWaiting() {
  std::erase_if(waiting_, [this](const Heard& heard) { return open(heard); });
}

std::optional<WireTap::Opened> WireTap::look(const DeviceAddress& to, ByteView payload) const {
  const auto sealed = sealedTo(payload);
  if (!sealed) return std::nullopt;
  const auto* keys = keysOf(to, sealed->sealKeyId);
  if (keys == nullptr) return std::nullopt;
  for (const CurveKeyPair& key : *keys) {
    if (auto envelope = openEnvelope(payload, key)) {
      return Opened{std::move(*envelope), sealed->sealKeyId, key.publicKey()};
    }
  }
  return std::nullopt;
}

const std::vector<CurveKeyPair>* WireTap::keysOf(const DeviceAddress& to, std::uint32_t id) const {
  const auto found = keys_.find({to, id});
  return found == keys_.end() ? nullptr : &found->second;
}

bool WireTap::open(const Heard& heard) {
  const auto sealed = sealedTo(heard.payload);
  if (!sealed) {
    offences_.push_back("a payload that names no seal key");
    return true;
  }
  if (keysOf(heard.to, sealed->sealKeyId) == nullptr) return false;
  const auto opened = look(heard.to, heard.payload);
  if (!opened) {
    if (copied_.contains(heard.to)) return false;
    offences_.push_back("a seal that its recipient cannot open");
    return true;
  }
  const Envelope& envelope = opened->envelope;
  if (envelope.id != heard.id || envelope.to != heard.to) offences_.push_back("inside and outside differ");
  judge(envelope);
  return true;
}

void WireTap::judge(const Envelope& envelope) {
  ++opened_;
  const Hash whole = blake2b(envelope.ciphertext);
  if (const auto known = envelopes_.emplace(envelope.id, whole); known.first->second != whole) {
    offences_.push_back("one EnvelopeId with two ciphertexts");
  }
  const ByteView message = signalMessage(envelope);
  const Fields fields(message.subspan(1, message.size() - 1 - kMacBytes));
  const std::pair step{blake2b(fields.blob(1)), fields.integer(2)};
  const Hash content = blake2b(message);
  const auto known = messageKeys_.emplace(step, content);
  if (known.first->second != content && !reuseExcused_.contains(envelope.from.account)) {
    offences_.push_back("a message key was used twice: counter " + std::to_string(step.second) + " of " +
                        toHex(fields.blob(1).first(5)));
  }
  onOpened(envelope);
}

}  // namespace waxwing::testing
