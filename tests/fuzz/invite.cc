// Invites: text as it is pasted, and text with a right checksum around any bytes.

#include "session/invite.h"

#include "crypto/hash.h"
#include "crypto/limits.h"
#include "crypto/sign.h"
#include "crypto/text.h"
#include "tests/fuzz/target.h"

namespace waxwing::fuzz {
namespace {

constexpr std::string_view kPrefix = "waxwing1:";
constexpr std::size_t kChecksumBytes = 8;

std::string withChecksum(ByteView body) {
  const auto checksum = labelledHash("invite", body);
  const auto whole = ByteWriter().raw(body).raw(checksum.view().first(kChecksumBytes)).take();
  return std::string(kPrefix).append(toBase64url(whole));
}

void run(ByteView input) {
  Input in(input);
  const auto text = in.below(2) == 0 ? std::string(asText(in.rest())) : withChecksum(in.rest());
  const auto invite = Invite::parse(text);
  if (!invite) return;
  const auto again = Invite::parse(invite->text());
  require(again && again->account == invite->account && again->relay == invite->relay &&
              equal(again->key.view(), invite->key.view()),
          "an invite changes when it is read and written");
}

std::vector<Seed> seeds() {
  SeededRandom random(7);
  const auto account = *AccountId::parse(SigningKeyPair::generate(random).publicKey().view());
  std::vector<Seed> all;
  for (const auto relay : {"relay.example:4433", "[::1]:1#AQID"}) {
    const auto text = Invite{account, random.secret<32>(), *RelayAddress::parse(relay)}.text();
    const auto whole = *fromBase64url(std::string_view(text).substr(kPrefix.size()));
    const auto number = std::to_string(all.size() / 2);
    all.push_back({"text-" + number, tagged(0, asBytes(text))});
    all.push_back({"inside-" + number, tagged(1, ByteView(whole).first(whole.size() - kChecksumBytes))});
  }
  return all;
}

}  // namespace

extern const Target kInvite;
const Target kInvite{"invite", 4096, run, seeds};

}  // namespace waxwing::fuzz
