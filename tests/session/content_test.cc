#include "session/content.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "crypto/limits.h"
#include "crypto/sign.h"

namespace waxwing {
namespace {

class ContentTest : public ::testing::Test {
 protected:
  AccountId account() { return *AccountId::parse(SigningKeyPair::generate(random_).publicKey().view()); }
  Head head() const {
    Head head;
    head.from = alice_;
    head.to = bob_;
    head.messageId.bytes.fill(7);
    head.conversation = alice_.account;
    head.sentAt = {1234567ull << 16};
    head.stream.bytes.fill(5);
    head.sequence = 2;
    head.previousDigest.bytes.fill(6);
    head.mark = {head.stream, 41};
    head.myManifest = {9, blake2b(Bytes{1})};
    return head;
  }
  MessageRef reference() const { return {bob_, head().messageId}; }
  body::Profile profile() {
    return {"Alice", random_.secret<32>(), *RelayAddress::parse("relay.example:1"), limits::kSequenceMax};
  }
  // Decoded again, and its encoding is the same once more.
  Content roundTrip(Body body) {
    const auto bytes = encode({head(), std::move(body)});
    EXPECT_TRUE(bytes) << bytes.error().message;
    auto decoded = decode(bytes->view());
    EXPECT_TRUE(decoded) << decoded.error().message;
    const auto again = encode(*decoded);
    EXPECT_TRUE(again && equal(again->view(), bytes->view()));
    return std::move(*decoded);
  }
  template <typename T>
  T bodyRoundTrip(T body) {
    return std::get<T>(std::move(roundTrip(std::move(body)).body));
  }
  std::vector<Body> oneOfEach() {
    std::vector<Body> all;
    all.emplace_back(body::Empty{});
    all.emplace_back(body::Text{"text"});
    all.emplace_back(body::Attachments{{{"where", Bytes(32, 1), blake2b(Bytes{2}), 99, "image/png", "a.png"}}});
    all.emplace_back(body::Edit{reference(), "edited"});
    all.emplace_back(body::Delete{reference()});
    all.emplace_back(body::Reaction{reference(), "+"});
    all.emplace_back(body::Receipt{body::ReceiptKind::kRead, {head().messageId}});
    all.emplace_back(body::Typing{true});
    all.emplace_back(profile());
    all.emplace_back(body::GroupChange{{1, 2}});
    all.emplace_back(body::SenderKeyDistribution{{3, 4}});
    all.emplace_back(body::SyncSent{toBytes(encodeBody(body::Text{"sent"})->view())});
    all.emplace_back(body::SyncRead{{reference()}});
    all.emplace_back(syncContact());
    all.emplace_back(syncAccessKeys());
    all.emplace_back(body::ResendRequest{{random_.fixed<EnvelopeId>()}, {{head().stream, 3, 4}}});
    all.emplace_back(
        body::Marks{{{head().mark, {{head().stream, 1, 2}}}}, {{head().stream, 5, 5}}, {{head().stream, 40}}});
    all.emplace_back(body::ContactRequest{profile(), "hello", hashOf(random_.secret<32>())});
    return all;
  }
  body::SyncContact syncContact() {
    body::SyncContact contact;
    contact.account = alice_.account;
    contact.name = "alice";
    contact.state = 3;
    contact.contactKey = random_.secret<32>();
    contact.trustedManifest = blake2b(Bytes{4});
    return contact;
  }
  body::SyncAccessKeys syncAccessKeys() {
    body::SyncAccessKeys keys;
    keys.contactKey = random_.secret<32>();
    keys.formerContactKey = random_.secret<32>();
    keys.replacedContactKey = random_.fixed<AccessKeyHash>();
    keys.contactKeyMade = limits::kSequenceMax;
    keys.inviteKeys.push_back(random_.secret<32>());
    keys.inviteKeys.push_back(random_.secret<32>());
    keys.inviteKeysMade = 1'700'000'000'000;
    keys.pastContactKeys.push_back(random_.secret<32>());
    return keys;
  }

  SeededRandom random_{11};
  DeviceAddress alice_{account(), DeviceId::fromTrusted(1)};
  DeviceAddress bob_{account(), DeviceId::fromTrusted(2)};
};

TEST_F(ContentTest, EveryBodyIsReadAsWritten) {
  for (auto& body : oneOfEach()) {
    const auto index = body.index();
    EXPECT_EQ(roundTrip(std::move(body)).body.index(), index);
  }
}

TEST_F(ContentTest, KeepsTheHead) {
  const auto read = roundTrip(body::Text{"x"}).head;
  const auto written = head();
  EXPECT_EQ(read.from, written.from);
  EXPECT_EQ(read.to, written.to);
  EXPECT_EQ(read.messageId, written.messageId);
  EXPECT_EQ(read.conversation, written.conversation);
  EXPECT_EQ(read.sentAt, written.sentAt);
  EXPECT_EQ(read.stream, written.stream);
  EXPECT_EQ(read.sequence, written.sequence);
  EXPECT_EQ(read.previousDigest, written.previousDigest);
  EXPECT_EQ(read.mark, written.mark);
  EXPECT_EQ(read.myManifest, written.myManifest);
  EXPECT_EQ(read.yourManifest, ManifestRef{});
}

TEST_F(ContentTest, KeepsTheFieldsOfBodies) {
  EXPECT_EQ(bodyRoundTrip(body::Text{"grüße"}).text, "grüße");
  EXPECT_EQ(bodyRoundTrip(body::Edit{reference(), "new"}).target, reference());
  EXPECT_EQ(bodyRoundTrip(body::Text{std::string("a\0b", 3)}).text, std::string("a\0b", 3));
  EXPECT_EQ(bodyRoundTrip(body::Profile{std::string("a\0b", 3), {}, {}, 0}).name, std::string("a\0b", 3));
  const auto contact = bodyRoundTrip(syncContact());
  EXPECT_TRUE(contact.contactKey);
  EXPECT_FALSE(contact.relay);
  EXPECT_EQ(contact.state, 3);
  const auto empty = bodyRoundTrip(body::Profile{});
  EXPECT_TRUE(empty.name.empty() && !empty.contactKey && !empty.relay);
  const auto sent = bodyRoundTrip(body::SyncSent{toBytes(encodeBody(body::Text{"sent"})->view())});
  EXPECT_EQ(std::get<body::Text>(*decodeBody(sent.body)).text, "sent");
}

TEST_F(ContentTest, ASyncOfWhatWouldBeRefusedByItselfIsRefused) {
  auto bytes = toBytes(encode({head(), body::SyncSent{toBytes(encodeBody(body::Text{"sent"})->view())}})->view());
  const auto text = std::ranges::search(bytes, std::string_view("sent"));
  ASSERT_FALSE(text.empty());
  text.front() = 0xff;
  const auto refused = decode(bytes);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kNotUtf8);
}

TEST_F(ContentTest, ASyncHoldsNoSync) {
  const auto inner = toBytes(encodeBody(body::SyncRead{{reference()}})->view());
  const auto refused = encodeBody(body::SyncSent{inner});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
}

TEST_F(ContentTest, HostileEncodingsAreRefusedOrReadButNeverHarm) {
  for (auto& body : oneOfEach()) {
    const auto bytes = *encode({head(), std::move(body)});
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      // A cut at a word's end may only lose trailing empty fields; any other cut is refused.
      const auto read = decode(bytes.view().first(cut));
      EXPECT_TRUE(!read || cut % 8 == 0);
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      auto flipped = toBytes(bytes.view());
      flipped[at] = static_cast<std::uint8_t>(flipped[at] ^ (1u << (at % 7)));
      if (const auto read = decode(flipped)) static_cast<void>(encode(*read));
    }
  }
}

TEST_F(ContentTest, PointersThatMultiplyAMessageRunIntoALimit) {
  // A root whose head pointer points at the root itself: an endless tree.
  ByteWriter loop;
  loop.u64(0x0002'0000'0000'0000);  // root: two pointers, right behind
  loop.u64(0x0002'0000'ffff'fffc);  // head: the same two pointers
  loop.u64(0x0002'0000'ffff'fff8);  // body: likewise
  EXPECT_FALSE(decode(loop.view()));
  // A list of 2^29 - 1 elements without size.
  ByteWriter wide;
  wide.u64(0x0001'0000'0000'0000).u64(0xffff'fff8'0000'0001);
  EXPECT_FALSE(decode(wide.view()));
}

TEST_F(ContentTest, ABodyFromANewerVersionIsKept) {
  const auto bytes = encode({head(), body::Typing{true}});
  // Finds the union's number (7, typing) by what reading a changed one gives.
  std::size_t found = 0;
  for (std::size_t i = 0; i + 1 < bytes->size(); i += 2) {
    auto patched = toBytes(bytes->view());
    if (patched[i] != 7 || patched[i + 1] != 0) continue;
    patched[i] = 0x2a;
    patched[i + 1] = 0x01;
    const auto read = decode(patched);
    const auto* unsupported = read ? std::get_if<body::Unsupported>(&read->body) : nullptr;
    if (unsupported == nullptr) continue;
    ++found;
    EXPECT_EQ(unsupported->number, 0x12a);
    EXPECT_EQ(unsupported->content, patched);
    EXPECT_EQ(encode(*read).error().code, Errc::kInvalidArgument);
  }
  EXPECT_EQ(found, 1u);
}

TEST_F(ContentTest, KeepsTheLimits) {
  const auto code = [&](Body body) {
    const auto bytes = encode({head(), std::move(body)});
    return bytes ? Errc{} : bytes.error().code;
  };
  EXPECT_EQ(code(body::Text{std::string(limits::kTextBytes, 'a')}), Errc{});
  EXPECT_EQ(code(body::Text{std::string(limits::kTextBytes + 1, 'a')}), Errc::kTooLong);
  EXPECT_EQ(code(body::Text{"\xc3"}), Errc::kNotUtf8);
  EXPECT_EQ(code(body::Edit{reference(), "\xed\xa0\x80"}), Errc::kNotUtf8);
  EXPECT_EQ(code(body::Receipt{body::ReceiptKind::kRead, std::vector<MessageId>(512)}), Errc{});
  EXPECT_EQ(code(body::Receipt{body::ReceiptKind::kRead, std::vector<MessageId>(513)}), Errc::kTooLong);
  EXPECT_EQ(code(body::ContactRequest{{}, std::string(1025, 'a'), {}}), Errc::kTooLong);
  EXPECT_EQ(code(body::GroupChange{Bytes(limits::kContentBytes)}), Errc::kTooLong);
  EXPECT_EQ(decode(Bytes(limits::kContentBytes + 8)).error().code, Errc::kTooLong);
}

TEST_F(ContentTest, WhoMaySendWhat) {
  using enum SenderStanding;
  const auto may = [](const Body& body, SenderStanding sender) { return checkPermission(body, sender).has_value(); };
  for (const auto& body : oneOfEach()) {
    const bool sync = body.index() >= 11 && body.index() <= 14;
    const bool request = std::holds_alternative<body::ContactRequest>(body);
    const bool fromAsked = request || std::holds_alternative<body::Profile>(body);
    EXPECT_EQ(may(body, kAccepted), !sync) << body.index();
    EXPECT_EQ(may(body, kRequested), fromAsked) << body.index();
    EXPECT_EQ(may(body, kUnknown), request) << body.index();
    EXPECT_TRUE(!sync || may(body, kOwnDevice)) << body.index();
  }
  EXPECT_FALSE(may(body::Text{"x"}, kOwnDevice));
  EXPECT_FALSE(may(body::Receipt{}, kOwnDevice));
  EXPECT_EQ(checkPermission(body::Text{"x"}, kUnknown).error().code, Errc::kNotPermitted);
}

TEST_F(ContentTest, TheHeadMustFollowFromTheSession) {
  const Body text = body::Text{"x"};
  EXPECT_TRUE(checkHead(head(), text, alice_, bob_));
  const auto refused = [&](const Head& head) {
    return checkHead(head, text, alice_, bob_).error().code == Errc::kHeadMismatch;
  };
  auto other = head();
  other.from.device = DeviceId::fromTrusted(9);
  EXPECT_TRUE(refused(other));
  other = head();
  other.to = alice_;
  EXPECT_TRUE(refused(other));
  other = head();
  other.conversation = bob_.account;
  EXPECT_TRUE(refused(other));
}

TEST_F(ContentTest, OwnDeviceSyncAloneMayNameAPeer) {
  const DeviceAddress sibling{bob_.account, DeviceId::fromTrusted(5)};
  auto own = head();
  own.from = sibling;
  EXPECT_TRUE(checkHead(own, body::SyncRead{}, sibling, bob_));
  EXPECT_FALSE(checkHead(own, body::Profile{}, sibling, bob_));
  auto stranger = head();
  stranger.conversation = account();
  EXPECT_FALSE(checkHead(stranger, body::SyncRead{}, alice_, bob_));
}

TEST(HybridTime, NeverStandsStillAndNeverRunsBackwards) {
  const auto first = HybridTime::next({}, {1000});
  EXPECT_EQ(first.wall().ms, 1000);
  const auto second = HybridTime::next(first, {1000});
  EXPECT_GT(second, first);
  EXPECT_EQ(second.wall().ms, 1000);
  EXPECT_GT(HybridTime::next(second, {10}), second);
  EXPECT_EQ(HybridTime::next(second, {2000}).wall().ms, 2000);
}

}  // namespace
}  // namespace waxwing
