#include "session/invite.h"

#include "crypto/hash.h"
#include "crypto/limits.h"
#include "crypto/text.h"

namespace waxwing {
namespace {

constexpr std::string_view kPrefix = "waxwing1:";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kChecksumBytes = 8;

tl::unexpected<Error> bad(std::string why) { return fail(Errc::kBadInvite, "not a usable invite: " + std::move(why)); }

Hash checksum(ByteView bytes) { return labelledHash("invite", bytes); }

}  // namespace

Result<Invite> Invite::parse(std::string_view text) {
  if (text.size() > limits::kInviteBytes) return bad("it is too long");
  if (!text.starts_with(kPrefix)) return bad("it does not begin with \"waxwing1:\"");
  auto decoded = fromBase64url(text.substr(kPrefix.size()));
  if (!decoded) return bad("it is mistyped or cut short");
  const SecretBytes bytes{ByteView(*decoded)};
  wipe(*decoded);
  if (bytes.empty() || bytes.view()[0] != kVersion) return bad("it is from a newer version");
  if (bytes.size() <= kChecksumBytes) return bad("it is cut short");
  const auto body = bytes.view().first(bytes.size() - kChecksumBytes);
  if (!constantTimeEqual(checksum(body).view().first(kChecksumBytes), bytes.view().last(kChecksumBytes))) {
    return bad("its checksum is wrong: it is mistyped or cut short");
  }
  ByteReader reader(body.subspan(1));
  const auto account = AccountId::parse(reader.raw(AccountId::kSize));
  auto key = AccessKey::from(reader.raw(AccessKey::kSize));
  auto relay = RelayAddress::parse(asText(reader.raw(reader.u16())));
  if (!reader.atEnd() || !account || !key || !relay) return bad("its contents make no sense");
  return Invite{*account, std::move(*key), std::move(*relay)};
}

std::string Invite::text() const {
  const auto address = relay.text();
  ByteWriter writer;
  writer.u8(kVersion).raw(account.view()).raw(key.view());
  writer.u16(static_cast<std::uint16_t>(address.size())).raw(asBytes(address));
  writer.raw(checksum(writer.view()).view().first(kChecksumBytes));
  auto bytes = writer.take();
  auto result = std::string(kPrefix) + toBase64url(bytes);
  wipe(bytes);
  return result;
}

}  // namespace waxwing
