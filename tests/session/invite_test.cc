#include "session/invite.h"

#include <gtest/gtest.h>

#include "crypto/sign.h"
#include "crypto/text.h"

namespace waxwing {
namespace {

Invite anInvite() {
  SeededRandom random(7);
  const auto account = SigningKeyPair::generate(random);
  return {*AccountId::parse(account.publicKey().view()), random.secret<32>(),
          *RelayAddress::parse("127.0.0.1:4433#AQID")};
}

TEST(Invite, ReadsWhatItWrites) {
  const auto invite = anInvite();
  const auto read = Invite::parse(invite.text());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->account, invite.account);
  EXPECT_TRUE(constantTimeEqual(read->key.view(), invite.key.view()));
  EXPECT_EQ(read->relay, invite.relay);
}

TEST(Invite, FindsEveryMistypedCharacterAndEveryCut) {
  const auto text = anInvite().text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto mistyped = text;
    mistyped[i] = mistyped[i] == 'x' ? 'y' : 'x';
    const auto read = Invite::parse(mistyped);
    ASSERT_FALSE(read) << i;
    EXPECT_EQ(read.error().code, Errc::kBadInvite);
    EXPECT_FALSE(Invite::parse(text.substr(0, i))) << i;
  }
  EXPECT_FALSE(Invite::parse(text + "A"));
}

TEST(Invite, SaysThatItIsNewer) {
  const auto read = Invite::parse("waxwing1:" + toBase64url(Bytes(90, 2)));
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("newer"), std::string::npos);
}

TEST(AccessKey, IsKnownToRelaysByItsLabelledHash) {
  const auto key = *AccessKey::from(Bytes(32, 1));
  EXPECT_EQ(toHex(hashOf(key).view()).size(), 64u);
  EXPECT_NE(hashOf(key), hashOf(*AccessKey::from(Bytes(32, 2))));
}

}  // namespace
}  // namespace waxwing
