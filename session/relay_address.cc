#include "session/relay_address.h"

#include <charconv>
#include <optional>

#include "crypto/limits.h"
#include "crypto/text.h"

namespace waxwing {
namespace {

constexpr std::size_t kHostBytes = 253;  // RFC 1035 §3.1, as text

bool isAlphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool isNameCharacter(char c) { return isAlphanumeric(c) || c == '.' || c == '-' || c == '_'; }
bool isV6Character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

tl::unexpected<Error> bad(std::string why) { return fail(Errc::kBadAddress, "not a relay address: " + std::move(why)); }

std::optional<std::uint16_t> parsePort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool wellFormed = error == std::errc{} && end == text.data() + text.size() && port != 0 && text.front() != '0';
  return wellFormed ? std::optional(port) : std::nullopt;
}

struct HostPort {
  std::string_view host;
  std::string_view port;
};

Result<HostPort> splitV6(std::string_view text) {
  const auto close = text.find("]:");
  if (close == text.npos) return bad("'[' without ']:port'");
  const auto host = text.substr(1, close - 1);
  if (host.find(':') == host.npos || !std::ranges::all_of(host, isV6Character))
    return bad("no IPv6 address in brackets");
  return HostPort{host, text.substr(close + 2)};
}

Result<HostPort> splitName(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos) return bad("the port is missing (host:port)");
  const auto host = text.substr(0, colon);
  if (host.empty() || !std::ranges::all_of(host, isNameCharacter)) return bad("no host name before the port");
  return HostPort{host, text.substr(colon + 1)};
}

}  // namespace

Result<RelayAddress> RelayAddress::parse(std::string_view text) {
  if (text.empty()) return bad("it is empty");
  if (text.size() > limits::kRelayAddressBytes) return bad("it is too long");
  RelayAddress address;
  if (const auto hash = text.find('#'); hash != text.npos) {
    auto certificate = fromBase64url(text.substr(hash + 1));
    if (!certificate || certificate->empty()) return bad("the certificate after '#' is not base64url");
    address.certificate = std::move(*certificate);
    text = text.substr(0, hash);
  }
  const auto parts = text.starts_with('[') ? splitV6(text) : splitName(text);
  if (!parts) return tl::unexpected(parts.error());
  if (parts->host.size() > kHostBytes) return bad("the host name is too long");
  const auto port = parsePort(parts->port);
  if (!port) return bad("the port is not a number from 1 to 65535");
  address.host = parts->host;
  address.port = *port;
  return address;
}

std::string RelayAddress::name() const {
  const bool v6 = host.find(':') != host.npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string RelayAddress::text() const {
  return certificate.empty() ? name() : name() + "#" + toBase64url(certificate);
}

}  // namespace waxwing
