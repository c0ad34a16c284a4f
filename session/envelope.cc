#include "session/envelope.h"

#include "crypto/limits.h"
#include "crypto/padding.h"
#include "crypto/secret.h"

namespace waxwing {
namespace {

constexpr std::size_t kOuterBytes = 1 + 4;

tl::unexpected<Error> malformed(const char* what) {
  return fail(Errc::kMalformed, std::string("malformed envelope: ") + what);
}

ByteWriter& writeAddress(ByteWriter& writer, const DeviceAddress& address) {
  return writer.raw(address.account.view()).u8(address.device.value());
}

Bytes inside(const Envelope& envelope) {
  ByteWriter writer;
  writer.raw(envelope.id.view());
  writeAddress(writeAddress(writer, envelope.to), envelope.from);
  writer.u8(static_cast<std::uint8_t>(envelope.kind)).prefixed(envelope.manifest).prefixed(envelope.ciphertext);
  return writer.zeros(padmeSize(writer.size()) - writer.size()).take();
}

std::optional<DeviceAddress> readAddress(ByteReader& reader) {
  const auto account = AccountId::parse(reader.raw(AccountId::kSize));
  const auto device = DeviceId::parse(reader.u8());
  if (!account || !device) return std::nullopt;
  return DeviceAddress{*account, *device};
}

bool isPadding(ByteReader& reader, std::size_t whole) {
  const auto used = whole - reader.rest().size();
  const auto zeros = std::ranges::all_of(reader.rest(), [](std::uint8_t byte) { return byte == 0; });
  return zeros && whole == padmeSize(used);
}

Result<Envelope> parseInside(ByteView plaintext) {
  ByteReader reader(plaintext);
  Envelope envelope;
  envelope.id = reader.fixed<EnvelopeId>();
  const auto to = readAddress(reader);
  const auto from = readAddress(reader);
  if (!to || !from) return malformed("an address");
  envelope.to = *to;
  envelope.from = *from;
  const auto kind = reader.u8();
  if (kind < 1 || kind > 3) return malformed("its kind");
  envelope.kind = static_cast<CipherKind>(kind);
  envelope.manifest = toBytes(reader.prefixed());
  envelope.ciphertext = toBytes(reader.prefixed());
  if (!reader.ok() || envelope.ciphertext.empty()) return malformed("a length");
  if (envelope.manifest.size() > limits::kManifestBytes) return malformed("the manifest's size");
  if (!isPadding(reader, plaintext.size())) return malformed("padding");
  return envelope;
}

}  // namespace

Result<Bytes> sealEnvelope(const Envelope& envelope, const SealKey& key, Random& random) {
  if (key.suite != SealSuite::kXChaCha) return fail(Errc::kUnsupportedSuite, "no such sealing suite");
  if (envelope.ciphertext.size() > limits::kEnvelopeBytes || envelope.manifest.size() > limits::kManifestBytes) {
    return fail(Errc::kTooLong, "the message does not fit into an envelope");
  }
  const auto plaintext = inside(envelope);
  if (kOuterBytes + kSealOverhead + plaintext.size() > limits::kEnvelopeBytes) {
    return fail(Errc::kTooLong, "the message does not fit into an envelope");
  }
  const auto sealed = seal(key.key, plaintext, random);
  return ByteWriter().u8(static_cast<std::uint8_t>(key.suite)).u32(key.id).raw(sealed).take();
}

Result<SealedTo> sealedTo(ByteView sealed) {
  if (sealed.size() > limits::kEnvelopeBytes || sealed.size() < kOuterBytes + kSealOverhead)
    return malformed("its size");
  ByteReader reader(sealed);
  const auto suite = reader.u8();
  if (suite != static_cast<std::uint8_t>(SealSuite::kXChaCha)) {
    return fail(Errc::kUnsupportedSuite, "sealed with a suite that this version does not know");
  }
  return SealedTo{SealSuite::kXChaCha, reader.u32()};
}

Result<Envelope> openEnvelope(ByteView sealed, const CurveKeyPair& sealKey) {
  if (const auto to = sealedTo(sealed); !to) return tl::unexpected(to.error());
  const auto plaintext = openSeal(sealKey, sealed.subspan(kOuterBytes));
  if (!plaintext) return tl::unexpected(plaintext.error());
  return parseInside(plaintext->view());
}

}  // namespace waxwing
