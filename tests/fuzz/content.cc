// Content: what an authenticated contact can make us decode, in every body, and the padding around it.

#include "session/content.h"

#include "crypto/hash.h"
#include "crypto/padding.h"
#include "crypto/sign.h"
#include "session/access_key.h"
#include "tests/fuzz/target.h"

namespace waxwing::fuzz {
namespace {

enum Mode : std::uint8_t { kContent_, kBody, kPadded, kModes };

void judge(const Body& body) {
  for (const auto standing :
       {SenderStanding::kOwnDevice, SenderStanding::kAccepted, SenderStanding::kRequested, SenderStanding::kUnknown}) {
    (void)checkPermission(body, standing);
  }
}

// A newer version's body.
bool isOnlyRead(const Body& body) { return std::holds_alternative<body::Unsupported>(body); }

void runContent(ByteView bytes) {
  const auto content = decode(bytes);
  if (!content) return;
  judge(content->body);
  require(!checkHead(content->head, content->body, content->head.to, content->head.from) ||
              content->head.from == content->head.to,
          "content that another device wrote passes");
  const auto encoded = encode(*content);
  if (!encoded) return require(isOnlyRead(content->body), "content that was read cannot be written");
  const auto again = decode(encoded->view());
  require(again.has_value(), "content that was written cannot be read");
  require(equal(encode(*again)->view(), encoded->view()), "content changes when it is read and written");
}

void runBody(ByteView bytes) {
  const auto body = decodeBody(bytes);
  if (!body) return;
  judge(*body);
  const auto encoded = encodeBody(*body);
  if (!encoded) return require(isOnlyRead(*body), "a body that was read cannot be written");
  const auto again = decodeBody(encoded->view());
  require(again.has_value(), "a body that was written cannot be read");
  require(equal(encodeBody(*again)->view(), encoded->view()), "a body changes when it is read and written");
}

void runPadded(ByteView bytes) {
  const auto content = unpadContent(bytes);
  if (!content) return;
  SeededRandom random(1);
  const auto again = padContent(content->view(), random);
  require(equal(again.view().subspan(16), bytes.subspan(16)), "padding has two forms");
}

void run(ByteView input) {
  Input in(input);
  const auto mode = in.below(kModes);
  if (mode == kContent_) return runContent(in.rest());
  if (mode == kBody) return runBody(in.rest());
  runPadded(in.rest());
}

class Samples {
 public:
  std::vector<std::pair<std::string, Body>> oneOfEach() {
    std::vector<std::pair<std::string, Body>> all;
    const auto add = [&](const char* name, Body body) { all.emplace_back(name, std::move(body)); };
    add("empty", body::Empty{});
    add("text", body::Text{"Gr\xc3\xbc\xc3\x9f"});
    add("attachments", body::Attachments{{{"https://x/1", Bytes(32, 1), blake2b(Bytes{2}), 99, "image/png", "a.png"}}});
    add("edit", body::Edit{reference(), "edited"});
    add("delete", body::Delete{reference()});
    add("reaction", body::Reaction{reference(), "+"});
    add("receipt", body::Receipt{body::ReceiptKind::kRead, {reference().id, reference().id}});
    add("typing", body::Typing{true});
    add("profile", profile());
    add("group-change", body::GroupChange{{1, 2}});
    add("sender-key", body::SenderKeyDistribution{{3, 4}});
    add("sync-sent", body::SyncSent{toBytes(encodeBody(body::Text{"sent"})->view())});
    add("sync-read", body::SyncRead{{reference()}});
    add("sync-contact", syncContact());
    add("sync-keys", syncAccessKeys());
    add("resend", body::ResendRequest{{random_.fixed<EnvelopeId>()}, {{stream_, 3, 4}}});
    add("marks", body::Marks{{{{stream_, 41}, {{stream_, 1, 2}}}}, {{stream_, 5, 5}}, {{stream_, 40}}});
    add("contact-request", body::ContactRequest{profile(), "hello", hashOf(random_.secret<32>())});
    return all;
  }
  Head head() {
    Head head;
    head.from = alice_;
    head.to = bob_;
    head.messageId = reference().id;
    head.conversation = alice_.account;
    head.sentAt = {1234567ull << 16};
    head.stream = stream_;
    head.sequence = 2;
    head.previousDigest = blake2b(Bytes{3});
    head.mark = {stream_, 41};
    head.myManifest = {9, blake2b(Bytes{1})};
    return head;
  }
  Random& random() { return random_; }

 private:
  AccountId account() { return *AccountId::parse(SigningKeyPair::generate(random_).publicKey().view()); }
  MessageRef reference() { return {bob_, random_.fixed<MessageId>()}; }
  body::Profile profile() { return {"Alice", random_.secret<32>(), *RelayAddress::parse("relay.example:1"), 1}; }
  body::SyncContact syncContact() {
    body::SyncContact contact;
    contact.account = alice_.account;
    contact.name = "alice";
    contact.state = 3;
    contact.contactKey = random_.secret<32>();
    contact.relay = *RelayAddress::parse("relay.example:1");
    contact.trustedManifest = blake2b(Bytes{4});
    return contact;
  }
  body::SyncAccessKeys syncAccessKeys() {
    body::SyncAccessKeys keys;
    keys.contactKey = random_.secret<32>();
    keys.formerContactKey = random_.secret<32>();
    keys.replacedContactKey = random_.fixed<AccessKeyHash>();
    keys.inviteKeys.push_back(random_.secret<32>());
    keys.pastContactKeys.push_back(random_.secret<32>());
    return keys;
  }

  SeededRandom random_{11};
  DeviceAddress alice_{account(), DeviceId::fromTrusted(1)};
  DeviceAddress bob_{account(), DeviceId::fromTrusted(2)};
  StreamId stream_ = random_.fixed<StreamId>();
};

std::vector<Seed> seeds() {
  Samples samples;
  std::vector<Seed> all;
  for (auto& [name, body] : samples.oneOfEach()) {
    all.push_back({"body-" + name, tagged(kBody, encodeBody(body)->view())});
    all.push_back({name, tagged(kContent_, encode({samples.head(), std::move(body)})->view())});
  }
  all.push_back({"padded", tagged(kPadded, padContent(asBytes("padded"), samples.random()).view())});
  return all;
}

}  // namespace

extern const Target kContent;
const Target kContent{"content", 4096, run, seeds};

}  // namespace waxwing::fuzz
