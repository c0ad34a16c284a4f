#include "crypto/ids.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

#include "crypto/edwards.h"
#include "crypto/text.h"

namespace waxwing {
namespace {

// Ids that this thread proved lately: the same few come with every message, and the proof takes a good part of the time
// in which one is received. Ids are public.
class ProvenIds {
 public:
  bool has(const SigningKey& key) const { return std::ranges::find(keys_, key) != keys_.end(); }
  void add(const SigningKey& key) { keys_[next_++ % keys_.size()] = key; }

 private:
  std::array<SigningKey, 32> keys_{};  // zeros are no id: they are not of prime order
  std::size_t next_ = 0;
};

bool isProvenId(const SigningKey& key) {
  thread_local ProvenIds proven;
  if (key.isZero()) return false;
  if (proven.has(key)) return true;
  if (!isPrimeOrderPoint(key)) return false;
  proven.add(key);
  return true;
}

}  // namespace

Result<AccountId> AccountId::parse(ByteView bytes) {
  const auto key = SigningKey::from(bytes);
  if (!key) return fail(Errc::kBadKey, "an account id has 32 bytes; ask for it again");
  if (!isProvenId(*key)) return fail(Errc::kBadKey, "this is not an account id; ask for it again");
  AccountId account;
  account.key_ = *key;
  return account;
}

AccountId AccountId::fromTrusted(ByteView bytes) {
  const auto key = SigningKey::from(bytes);
  if (!key) throw std::logic_error("AccountId::fromTrusted: not 32 bytes");
  AccountId account;
  account.key_ = *key;
  return account;
}

std::string AccountId::hex() const { return toHex(view()); }

std::string AccountId::text() const { return toBase64url(view()); }

Result<DeviceId> DeviceId::parse(std::uint64_t value) {
  if (value < 1 || value > kMax) return fail(Errc::kInvalidArgument, "a device number is 1 to 127; give one of those");
  DeviceId device;
  device.value_ = static_cast<std::uint8_t>(value);
  return device;
}

DeviceId DeviceId::fromTrusted(std::int64_t value) {
  if (value < 1 || value > kMax) throw std::logic_error("DeviceId::fromTrusted: outside 1..127");
  DeviceId device;
  device.value_ = static_cast<std::uint8_t>(value);
  return device;
}

}  // namespace waxwing

std::size_t std::hash<waxwing::AccountId>::operator()(const waxwing::AccountId& account) const noexcept {
  return std::hash<std::string_view>{}(waxwing::asText(account.view()));
}

std::size_t std::hash<waxwing::DeviceAddress>::operator()(const waxwing::DeviceAddress& address) const noexcept {
  // Devices are few: an odd multiplier keeps those of one account apart.
  return std::hash<waxwing::AccountId>{}(address.account) ^ (std::size_t{address.device.value()} * 0x9e3779b97f4a7c15);
}
