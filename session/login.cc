#include "session/login.h"

namespace waxwing {
namespace {

ByteWriter nonceAndName(const Nonce& nonce, std::string_view relayName) {
  ByteWriter writer;
  writer.raw(nonce.view()).u16(static_cast<std::uint16_t>(relayName.size())).raw(asBytes(relayName));
  return writer;
}

}  // namespace

Bytes loginBody(const Nonce& nonce, std::string_view relayName, const DeviceAddress& device, const Anchor& anchor) {
  auto writer = nonceAndName(nonce, relayName);
  writer.raw(device.account.view()).u8(device.device.value()).raw(anchor.view());
  return writer.take();
}

Bytes registerBody(const Nonce& nonce, std::string_view relayName, const Hash& manifestHash) {
  auto writer = nonceAndName(nonce, relayName);
  writer.raw(manifestHash.view());
  return writer.take();
}

}  // namespace waxwing
