// waxwing-interop-peer: one Waxwing device over a database file, driven by lines of JSON on standard input. Each line
// is a request, {"do": …}; each is answered by one line. Bytes are lower-case hex, public keys as libsignal writes
// them (0x05 in front). tests/interop/README.md lists the requests.
//
// What the ratchet refuses is answered {"refused": code}; a request that makes no sense ends the program.

#include <exception>
#include <iostream>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "crypto/key_gate.h"
#include "crypto/text.h"
#include "session/safety_number.h"
#include "tests/interop/foreign_device.h"
#include "tests/interop/sender_keys.h"

namespace waxwing::testing {
namespace {

using Json = nlohmann::json;

Bytes bytesOf(const Json& hex) {
  auto bytes = fromHex(hex.get<std::string>());
  if (!bytes) throw std::runtime_error("not hexadecimal");
  return *bytes;
}

CurveKey curveKeyOf(const Json& hex) {
  const auto bytes = bytesOf(hex);
  const auto key = CurveKey::from(ByteView(bytes).subspan(std::min<std::size_t>(1, bytes.size())));
  if (!key || bytes.front() != kCurveKeyType) throw std::runtime_error("not a public key");
  return *key;
}

Signature signatureOf(const Json& hex) {
  const auto signature = Signature::from(bytesOf(hex));
  if (!signature) throw std::runtime_error("not a signature");
  return *signature;
}

std::string hexOf(const CurveKey& key) { return toHex(ByteWriter().u8(kCurveKeyType).raw(key.view()).take()); }

Json refusal(const Error& error) { return {{"refused", name(error.code)}}; }

class Peer {
 public:
  explicit Peer(std::uint64_t seed) : seed_(seed), device_(seed, clock_), senderKeys_(device_.random()) {}

  Json answer(const Json& request) {
    const auto& handlers = table();
    const auto found = handlers.find(request.at("do").get<std::string>());
    if (found == handlers.end()) throw std::runtime_error("an unknown request");
    return (this->*found->second)(request);
  }

 private:
  using Handler = Json (Peer::*)(const Json&);
  static const std::map<std::string, Handler>& table() {
    static const std::map<std::string, Handler> handlers{
        {"device", &Peer::device},
        {"foreign", &Peer::foreign},
        {"vouch", &Peer::vouch},
        {"bundle", &Peer::bundle},
        {"establish", &Peer::establish},
        {"encrypt", &Peer::encrypt},
        {"decrypt", &Peer::decrypt},
        {"restart", &Peer::restart},
        {"safetyNumber", &Peer::safetyNumberWith},
        {"senderKeyCreate", &Peer::senderKeyCreate},
        {"senderKeyTake", &Peer::senderKeyTake},
        {"senderKeyEncrypt", &Peer::senderKeyEncrypt},
        {"senderKeyDecrypt", &Peer::senderKeyDecrypt},
    };
    return handlers;
  }

  Json device(const Json&) {
    return {{"account", device_.address().account.hex()},
            {"device", device_.address().device.value()},
            {"identityKey", hexOf(device_->self.identityKey())},
            {"registrationId", device_->self.registrationId()}};
  }

  Json foreign(const Json& request) {
    ForeignDevice made(curveKeyOf(request.at("identityKey")), request.at("registrationId").get<std::uint32_t>(),
                       device_.random());
    const auto peer = made.address().account.hex();
    const auto toSign = toHex(made.bytesToSign());
    foreign_.emplace(peer, std::move(made));
    return {{"peer", peer}, {"toSign", toSign}};
  }

  Json vouch(const Json& request) {
    const auto manifest = peerOf(request).manifest(signatureOf(request.at("signature")), clock_.now());
    if (!manifest) return refusal(manifest.error());
    device_.adopt(*manifest);
    return Json::object();
  }

  Json bundle(const Json& request) {
    device_.publish();
    const auto given =
        request.at("oneTime").get<std::string>() == "with" ? device_.bundle() : device_.bundleWithoutOneTime();
    if (given.oneTimeKey) --device_.relayStatus().oneTimeKeys;
    const auto keys = must(SignedKeys::peek(given.signedKeys));
    Json answer{{"signedPreKey",
                 {{"id", keys.signedPreKeyId},
                  {"key", hexOf(keys.signedPreKey)},
                  {"signature", toHex(keys.signedPreKeySignature.view())}}}};
    if (const auto& key = given.oneTimeKey) answer["oneTimeKey"] = {{"id", key->id}, {"key", hexOf(key->key)}};
    return answer;
  }

  Json establish(const Json& request) {
    const auto& given = request.at("bundle");
    const auto& key = given.at("signedPreKey");
    std::optional<OneTimeKey> oneTime;
    if (given.contains("oneTimeKey")) {
      const auto& held = given.at("oneTimeKey");
      oneTime = OneTimeKey{held.at("id").get<std::uint32_t>(), curveKeyOf(held.at("key"))};
    }
    auto& peer = peerOf(request);
    const auto bundle =
        peer.bundle({key.at("id").get<std::uint32_t>(), curveKeyOf(key.at("key")), signatureOf(key.at("signature"))},
                    oneTime, clock_.now());
    const auto established = device_.tryEstablish(peer.address(), bundle);
    return established ? Json::object() : refusal(established.error());
  }

  Json encrypt(const Json& request) {
    const auto content = bytesOf(request.at("content"));
    const auto random = drawAhead();
    const auto sent = device_.trySend(peerOf(request).address(), asText(content));
    if (!sent) return refusal(sent.error());
    return {{"kind", sent->kind == CipherKind::kPreKey ? "preKey" : "message"},
            {"ciphertext", toHex(sent->ciphertext)},
            {"random", toHex(random)}};
  }

  Json decrypt(const Json& request) {
    const auto kind = request.at("kind") == "preKey" ? CipherKind::kPreKey : CipherKind::kMessage;
    const auto content = device_.receive(peerOf(request).address(), kind, bytesOf(request.at("ciphertext")));
    if (!content) return refusal(content.error());
    return {{"content", toHex(asBytes(*content))}};
  }

  Json restart(const Json&) {
    device_.restart();
    return Json::object();
  }

  Json safetyNumberWith(const Json& request) {
    const auto mine = device_.address().account;
    const auto theirs = peerOf(request).address().account;
    return {{"text", safetyNumber(mine, theirs)},
            {"mine", mine.hex()},
            {"myKey", hexOf(toCurveKey(mine.key()))},
            {"theirs", theirs.hex()},
            {"theirKey", hexOf(toCurveKey(theirs.key()))}};
  }

  Json senderKeyCreate(const Json&) { return {{"distribution", toHex(senderKeys_.create())}}; }
  Json senderKeyTake(const Json& request) {
    senderKeys_.take(bytesOf(request.at("distribution")));
    return Json::object();
  }
  Json senderKeyEncrypt(const Json& request) {
    return {{"ciphertext", toHex(senderKeys_.encrypt(bytesOf(request.at("content"))))}};
  }
  Json senderKeyDecrypt(const Json& request) {
    const auto content = senderKeys_.decrypt(bytesOf(request.at("ciphertext")));
    if (!content) return refusal(content.error());
    return {{"content", toHex(*content)}};
  }

  // The 16 bytes that the device draws next: those at the head of the padded content. A wrong IV would change them
  // alone.
  Bytes drawAhead() {
    const std::uint64_t seed = seed_ << 32 | ++drawn_;
    device_.reseed(seed);
    Bytes bytes(16);
    SeededRandom(seed).fill(bytes);
    return bytes;
  }

  ForeignDevice& peerOf(const Json& request) { return foreign_.at(request.at("peer").get<std::string>()); }

  std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
  ManualClock clock_{kTestStart};
  TestDevice device_;
  SenderKeys senderKeys_;
  std::map<std::string, ForeignDevice> foreign_;
};

int run(std::uint64_t seed) {
  Peer peer(seed);
  for (std::string line; std::getline(std::cin, line);) std::cout << peer.answer(Json::parse(line)).dump() << std::endl;
  return 0;
}

}  // namespace
}  // namespace waxwing::testing

int main(int argc, char** argv) {
  try {
    return waxwing::testing::run(argc > 1 ? std::stoull(argv[1]) : 1);
  } catch (const std::exception& error) {
    std::cerr << "waxwing-interop-peer: " << error.what() << '\n';
    return 1;
  }
}
