#include "crypto/hash.h"
#include "session/content.h"
#include "tools/vectors/kind.h"

// Content: what is inside the ratchet, body by body, and what must follow from the session it came through.
namespace waxwing::vectors {
namespace {

using enum Field::Type;

constexpr Note kOrdinary{"Ordinary", "BASIC", "As an honest device writes it."};
constexpr Note kNewer{"Newer", "FUNCTIONALITY", "A body of a newer version, which is kept and shown as unsupported."};
constexpr Note kEncoding{"Encoding", "CAN_OF_WORMS",
                         "Not a message of the schema, or one that is larger than it looks."};
constexpr Note kLimits{"Limits", "MISSING_STEP", "A field outside its limits."};
constexpr Note kHead{"Head", "AUTH_BYPASS", "The head says something else than the session it came through."};
constexpr Note kPermission{"Permission", "AUTH_BYPASS", "A body that this sender may not send."};
constexpr Note kModified{"Modified", "AUTH_BYPASS", "The content, or what it is said to say, is altered."};

// --- what a content says, as a list of names and values

struct Reading {
  std::string name;
  std::string value;
};

// Writes a content down: names as in session/content.capnp, bytes as hexadecimal, texts as they are.
class Reader {
 public:
  std::vector<Reading> read(const Content& content) {
    within("head", [&] { head(content.head); });
    within("body", [&] { body(content.body); });
    return std::move(readings_);
  }

 private:
  template <typename Work>
  void within(const std::string& name, Work work) {
    const auto size = path_.size();
    path_ += (path_.empty() ? "" : ".") + name;
    work();
    path_.resize(size);
  }
  template <typename Items, typename Work>
  void each(const char* name, const Items& items, Work work) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      std::string path(name);
      path.append("[").append(std::to_string(i)).append("]");
      within(path, [&] { work(items[i]); });
    }
  }

  void text(const char* name, std::string value) { readings_.push_back({path_ + "." + name, std::move(value)}); }
  void bytes(const char* name, ByteView value) { text(name, hexOf(value)); }
  void number(const char* name, std::uint64_t value) { text(name, std::to_string(value)); }
  void here(ByteView value) { readings_.push_back({path_, hexOf(value)}); }

  void address(const char* name, const DeviceAddress& value) {
    within(name, [&] {
      bytes("account", value.account.view());
      number("device", value.device.value());
    });
  }
  void mark(const StreamMark& value) {
    bytes("stream", value.stream.isZero() ? ByteView() : value.stream.view());
    number("sequence", value.sequence);
  }
  void manifestRef(const char* name, const ManifestRef& value) {
    within(name, [&] {
      number("version", value.version);
      bytes("hash", value.version == 0 ? ByteView() : value.hash.view());
    });
  }
  void reference(const MessageRef& value) {
    address("author", value.author);
    bytes("messageId", value.id.view());
  }
  void range(const body::ResendRange& value) {
    bytes("stream", value.stream.view());
    number("from", value.from);
    number("to", value.to);
  }
  void key(const char* name, const std::optional<AccessKey>& value) { bytes(name, value ? value->view() : ByteView()); }
  void relay(const std::optional<RelayAddress>& value) { text("relay", value ? value->text() : std::string()); }
  void profile(const body::Profile& value) {
    text("name", value.name);
    key("contactKey", value.contactKey);
    relay(value.relay);
    number("contactKeyMade", value.contactKeyMade);
  }

  void head(const Head& head) {
    address("from", head.from);
    address("to", head.to);
    bytes("messageId", head.messageId.view());
    bytes("conversation", head.conversation.view());
    number("sentAt", head.sentAt.value);
    bytes("stream", head.stream.view());
    number("sequence", head.sequence);
    bytes("previousDigest", head.previousDigest.view());
    within("mark", [&] { mark(head.mark); });
    manifestRef("myManifest", head.myManifest);
    manifestRef("yourManifest", head.yourManifest);
  }

  void body(const Body& value) {
    std::visit([this](const auto& known) { say(known); }, value);
  }
  void is(const char* kind) { text("is", kind); }

  void say(const body::Empty&) { is("empty"); }
  void say(const body::Text& b) {
    is("text");
    text("text", b.text);
  }
  void say(const body::Attachments& b) {
    is("attachments");
    each("attachments", b.items, [this](const body::Attachment& item) {
      text("location", item.location);
      bytes("key", item.key);
      bytes("digest", item.digest.view());
      number("size", item.size);
      text("contentType", item.contentType);
      text("name", item.name);
    });
  }
  void say(const body::Edit& b) {
    is("edit");
    within("target", [&] { reference(b.target); });
    text("text", b.text);
  }
  void say(const body::Delete& b) {
    is("delete");
    reference(b.target);
  }
  void say(const body::Reaction& b) {
    is("reaction");
    within("target", [&] { reference(b.target); });
    text("emoji", b.emoji);
  }
  void say(const body::Receipt& b) {
    is("receipt");
    text("kind", b.kind == body::ReceiptKind::kRead ? "read" : "delivered");
    each("messages", b.messages, [this](const MessageId& id) { here(id.view()); });
  }
  void say(const body::Typing& b) {
    is("typing");
    text("typing", b.active ? "true" : "false");
  }
  void say(const body::Profile& b) {
    is("profile");
    profile(b);
  }
  void say(const body::GroupChange& b) {
    is("groupChange");
    bytes("groupChange", b.payload);
  }
  void say(const body::SenderKeyDistribution& b) {
    is("senderKeyDistribution");
    bytes("senderKeyDistribution", b.message);
  }
  void say(const body::SyncSent& b) {
    is("sync.sent");
    const auto inner = decodeBody(b.body);
    if (inner) within("sent", [&] { body(*inner); });
  }
  void say(const body::SyncRead& b) {
    is("sync.read");
    each("read", b.messages, [this](const MessageRef& item) { reference(item); });
  }
  void say(const body::SyncContact& b) {
    is("sync.contact");
    bytes("account", b.account.view());
    text("name", b.name);
    number("state", b.state);
    key("contactKey", b.contactKey);
    relay(b.relay);
    bytes("trustedManifest", b.trustedManifest ? b.trustedManifest->view() : ByteView());
    number("contactKeyMade", b.contactKeyMade);
  }
  void say(const body::SyncAccessKeys& b) {
    is("sync.accessKeys");
    bytes("contactKey", b.contactKey.view());
    each("inviteKeys", b.inviteKeys, [this](const AccessKey& item) { here(item.view()); });
    key("formerContactKey", b.formerContactKey);
    bytes("replacedContactKey", b.replacedContactKey ? b.replacedContactKey->view() : ByteView());
    number("contactKeyMade", b.contactKeyMade);
    number("inviteKeysMade", b.inviteKeysMade);
    each("pastContactKeys", b.pastContactKeys, [this](const AccessKey& item) { here(item.view()); });
  }
  void say(const body::ResendRequest& b) {
    is("resendRequest");
    each("envelopes", b.envelopes, [this](const EnvelopeId& id) { here(id.view()); });
    each("ranges", b.ranges, [this](const body::ResendRange& item) { range(item); });
  }
  void say(const body::Marks& b) {
    is("marks");
    each("streams", b.streams, [this](const body::Marks::Stream& item) {
      within("mark", [&] { mark(item.mark); });
      each("holes", item.holes, [this](const body::ResendRange& hole) { range(hole); });
    });
    each("gone", b.gone, [this](const body::ResendRange& item) { range(item); });
    each("ended", b.ended, [this](const StreamMark& item) { mark(item); });
  }
  void say(const body::ContactRequest& b) {
    is("contactRequest");
    within("profile", [&] { profile(b.profile); });
    text("note", b.note);
    bytes("inviteKey", b.inviteKey.view());
  }
  void say(const body::Unsupported& b) {
    is("unsupported");
    number("number", b.number);
  }

  std::string path_;
  std::vector<Reading> readings_;
};

// --- the check

SenderStanding standingIn(Case& c) {
  const auto word = c.text("sender");
  constexpr std::pair<std::string_view, SenderStanding> kWords[] = {{"ownDevice", SenderStanding::kOwnDevice},
                                                                    {"accepted", SenderStanding::kAccepted},
                                                                    {"requested", SenderStanding::kRequested},
                                                                    {"unknown", SenderStanding::kUnknown}};
  const auto found = std::ranges::find(kWords, word, [](const auto& pair) { return pair.first; });
  c.require("sender", found != std::end(kWords), kMalformed);
  return found->second;
}

DeviceAddress addressIn(Case& c, const char* account, const char* device) {
  const auto id = c.accept(account, AccountId::parse(c.hex(account)));
  return {id, c.accept(device, DeviceId::parse(c.number(device)))};
}

void compareReadings(Case& c, const std::vector<Reading>& readings) {
  auto said = c.list("says");
  c.require("says", said.size() == readings.size(), kMismatch);
  for (std::size_t i = 0; i < said.size(); ++i) {
    said[i].expectText("name", readings[i].name);
    said[i].expectText("value", readings[i].value);
  }
}

void checkContent(Case& c) {
  const auto bytes = c.hex("content");
  const auto content = c.accept("content", decode(bytes));
  const auto from = addressIn(c, "fromAccount", "fromDevice");
  const auto self = addressIn(c, "toAccount", "toDevice");
  c.accept("head", checkHead(content.head, content.body, from, self));
  c.accept("body", checkPermission(content.body, standingIn(c)));
  compareReadings(c, Reader().read(content));
  c.expect("digest", digestOf(bytes).view());
  if (std::holds_alternative<body::Unsupported>(content.body)) return;
  const auto again = c.accept("encoding", encode(content));
  c.require("the encoding of what was read", equal(again.view(), bytes), kMismatch);
}

// --- writing cases

class Writer {
 public:
  explicit Writer(Generator& g) : g_(g), random_(g.random()) {
    from_ = {account(), DeviceId::fromTrusted(3)};
    self_ = {account(), DeviceId::fromTrusted(100)};
  }

  AccountId account() { return AccountId::parse(SigningKeyPair::generate(random_).publicKey().view()).value(); }
  const DeviceAddress& from() const { return from_; }
  const DeviceAddress& self() const { return self_; }
  Head head() {
    Head head;
    head.from = from_;
    head.to = self_;
    head.messageId = random_.fixed<MessageId>();
    head.conversation = from_.account;
    head.sentAt = {(1'800'000'000'123ull << 16) + 5};
    head.stream = random_.fixed<StreamId>();
    head.sequence = 258;
    head.previousDigest = random_.fixed<Hash>();
    head.mark = {random_.fixed<StreamId>(), 41};
    head.myManifest = {1'800'000'000, random_.fixed<Hash>()};
    head.yourManifest = {1'799'999'999, random_.fixed<Hash>()};
    return head;
  }
  Json json(ByteView bytes, const char* sender) {
    Json values{{"content", hexOf(bytes)},
                {"fromAccount", hexOf(from_.account.view())},
                {"fromDevice", from_.device.value()},
                {"toAccount", hexOf(self_.account.view())},
                {"toDevice", self_.device.value()},
                {"sender", sender}};
    Json says = Json::array();
    if (const auto content = decode(bytes)) {
      for (auto& reading : Reader().read(*content))
        says.push_back(Json{{"name", reading.name}, {"value", reading.value}});
    }
    values["says"] = std::move(says);
    return values;
  }
  Bytes bytes(Head head, Body body) const { return toBytes(encode({std::move(head), std::move(body)}).value().view()); }
  Json json(Head head, Body body, const char* sender) { return json(bytes(std::move(head), std::move(body)), sender); }

  MessageRef reference() { return {self_, random_.fixed<MessageId>()}; }
  body::ResendRange range(std::uint64_t first, std::uint64_t last) { return {random_.fixed<StreamId>(), first, last}; }
  body::Profile profile() {
    return {"Zoë", random_.secret<32>(), RelayAddress::parse("relay.example:4433").value(), 1'700'000'000'123};
  }

  // One of each body, with the standing that may send it.
  std::vector<std::pair<Body, const char*>> bodies() {
    std::vector<std::pair<Body, const char*>> all;
    const auto add = [&](Body body, const char* sender = "accepted") { all.emplace_back(std::move(body), sender); };
    add(body::Empty{});
    add(body::Text{"Grüße, 世界"});
    add(body::Attachments{
        {{"https://files.example/1", bytesOf(g_.randomHex(32)), random_.fixed<Hash>(), 99, "image/png", "a.png"},
         {"b", {}, random_.fixed<Hash>(), 1, "", ""}}});
    add(body::Edit{reference(), "edited"});
    add(body::Delete{reference()});
    add(body::Reaction{reference(), "👍"});
    add(body::Receipt{body::ReceiptKind::kRead, {random_.fixed<MessageId>(), random_.fixed<MessageId>()}});
    add(body::Receipt{body::ReceiptKind::kDelivered, {random_.fixed<MessageId>()}});
    add(body::Typing{true});
    add(body::Profile{}, "accepted");
    add(profile(), "requested");
    add(body::GroupChange{{1, 2, 3}});
    add(body::SenderKeyDistribution{bytesOf(g_.randomHex(20))});
    add(body::SyncSent{toBytes(encodeBody(body::Text{"sent"}).value().view())}, "ownDevice");
    add(body::SyncRead{{reference(), reference()}}, "ownDevice");
    add(syncContact(), "ownDevice");
    add(syncAccessKeys(), "ownDevice");
    add(body::ResendRequest{{random_.fixed<EnvelopeId>()}, {range(3, 4), range(9, body::ResendRange::kOpenEnd)}});
    add(body::Marks{{{{random_.fixed<StreamId>(), 7}, {range(9, 9), range(12, body::ResendRange::kOpenEnd)}}},
                    {range(1, 2)},
                    {{random_.fixed<StreamId>(), 40}}});
    add(body::ContactRequest{profile(), "hello", random_.fixed<AccessKeyHash>()}, "unknown");
    return all;
  }

 private:
  body::SyncContact syncContact() {
    body::SyncContact contact;
    contact.account = account();
    contact.name = "bob";
    contact.state = 3;
    contact.contactKey = random_.secret<32>();
    contact.relay = RelayAddress::parse("relay.example:1").value();
    contact.trustedManifest = random_.fixed<Hash>();
    contact.contactKeyMade = 1'700'000'000'123;
    return contact;
  }
  body::SyncAccessKeys syncAccessKeys() {
    body::SyncAccessKeys keys;
    keys.contactKey = random_.secret<32>();
    keys.formerContactKey = random_.secret<32>();
    keys.replacedContactKey = random_.fixed<AccessKeyHash>();
    keys.contactKeyMade = 1'700'000'000'123;
    keys.inviteKeys.push_back(random_.secret<32>());
    keys.inviteKeysMade = 1'700'000'000'456;
    keys.pastContactKeys.push_back(random_.secret<32>());
    keys.pastContactKeys.push_back(random_.secret<32>());
    return keys;
  }

  Generator& g_;
  Random& random_;
  DeviceAddress from_;
  DeviceAddress self_;
};

Bytes replacedIn(Bytes bytes, ByteView from, ByteView to) {
  const auto found = std::ranges::search(bytes, from);
  if (found.empty()) throw std::logic_error("contents: nothing to replace");
  std::ranges::copy(to, found.begin());
  return bytes;
}

// The place of the body's union: the 16 bits that turn a typing body into an unknown one.
std::size_t placeOfUnion(const Bytes& typing) {
  for (std::size_t i = 0; i + 1 < typing.size(); i += 2) {
    if (typing[i] != 7 || typing[i + 1] != 0) continue;
    auto changed = typing;
    changed[i + 1] = 1;
    const auto read = decode(changed);
    if (read && std::holds_alternative<body::Unsupported>(read->body)) return i;
  }
  throw std::logic_error("contents: the union is nowhere");
}

void addPermissions(Generator& g, Writer& writer) {
  g.group("Permissions");
  for (auto& [body, sender] : writer.bodies()) {
    const auto bytes = writer.bytes(writer.head(), std::move(body));
    for (const auto* other : {"ownDevice", "accepted", "requested", "unknown"}) {
      const auto content = decode(bytes);
      const auto standing = std::string_view(other) == "ownDevice"   ? SenderStanding::kOwnDevice
                            : std::string_view(other) == "accepted"  ? SenderStanding::kAccepted
                            : std::string_view(other) == "requested" ? SenderStanding::kRequested
                                                                     : SenderStanding::kUnknown;
      if (checkPermission(content->body, standing)) continue;
      g.invalid(std::string("sent by one who is: ") + other, {"Permission"}, name(Errc::kNotPermitted),
                without(writer.json(bytes, other), "says"));
    }
  }
}

void addHeads(Generator& g, Writer& writer) {
  g.group("Heads");
  const auto refuse = [&](const char* comment, Errc reason, const Head& head, const char* flag = "Head") {
    g.invalid(comment, {flag}, name(reason), without(writer.json(head, body::Text{"x"}, "accepted"), "says"));
  };
  auto head = writer.head();
  head.from.device = DeviceId::fromTrusted(4);
  refuse("from another device than the session's", Errc::kHeadMismatch, head);
  head = writer.head();
  head.from.account = writer.account();
  refuse("from another account than the session's", Errc::kHeadMismatch, head);
  head = writer.head();
  head.to.device = DeviceId::fromTrusted(4);
  refuse("to another device", Errc::kHeadMismatch, head);
  head = writer.head();
  head.to.account = writer.account();
  refuse("to another account", Errc::kHeadMismatch, head);
  head = writer.head();
  head.conversation = writer.account();
  refuse("in another conversation than the sender's", Errc::kHeadMismatch, head);
  head = writer.head();
  head.conversation = writer.self().account;
  refuse("in the receiver's own conversation", Errc::kHeadMismatch, head);
  head = writer.head();
  head.sequence = 0;
  refuse("sequence 0", Errc::kMalformed, head, "Limits");
  head.sequence = (1ull << 62) + 1;
  refuse("a sequence over 2^62", Errc::kMalformed, head, "Limits");
  head.sequence = 1;
  refuse("a digest of what came before the first", Errc::kMalformed, head, "Limits");
  head = writer.head();
  head.mark.sequence = (1ull << 62) + 1;
  refuse("a mark over 2^62", Errc::kMalformed, head, "Limits");
  head = writer.head();
  head.myManifest.version = (1ull << 62) + 1;
  refuse("a manifest's version over 2^62", Errc::kMalformed, head, "Limits");
}

void addHostile(Generator& g, Writer& writer) {
  g.group("Hostile");
  const auto head = writer.head();
  const auto bytes = writer.bytes(head, body::Text{"some text"});
  const auto refuse = [&](std::string_view comment, const char* flag, Errc reason, ByteView changed) {
    g.invalid(comment, {flag}, name(reason), Json{{"content", hexOf(changed)}});
  };
  refuse("empty", "Encoding", Errc::kMalformed, {});
  refuse("a byte", "Encoding", Errc::kMalformed, Bytes(1));
  refuse("not whole words", "Encoding", Errc::kMalformed, ByteView(bytes).first(bytes.size() - 1));
  refuse("cut in the middle", "Encoding", Errc::kMalformed, ByteView(bytes).first(bytes.size() / 16 * 8));
  refuse("the root alone", "Encoding", Errc::kMalformed, ByteView(bytes).first(8));
  refuse("a null root", "Encoding", Errc::kMalformed, Bytes(8));
  refuse("over 64 KiB", "Limits", Errc::kTooLong, Bytes(64 * 1024 + 8));
  const auto words = [](std::initializer_list<std::uint64_t> values) {
    ByteWriter writer_;
    for (const auto value : values) writer_.u64(value);
    return writer_.take();
  };
  refuse("a head that is the root: a tree without end", "Encoding", Errc::kMalformed,
         words({0x0002'0000'0000'0000, 0x0002'0000'ffff'fffc, 0x0002'0000'ffff'fff8}));
  refuse("a list of 2^29 - 1 elements without size where a head stands", "Encoding", Errc::kMalformed,
         words({0x0001'0000'0000'0000, 0xffff'fff8'0000'0001}));
  refuse("2^29 - 1 attachments without size", "Encoding", Errc::kMalformed,
         words({0x0002'0000'0000'0000, 0, 0x0001'0001'0000'0000, 2, 0xffff'fff8'0000'0001}));
  refuse("a far pointer", "Encoding", Errc::kMalformed, words({2, 0}));
  refuse("a capability", "Encoding", Errc::kMalformed, words({3, 0}));
  refuse("a root beyond the end", "Encoding", Errc::kMalformed, words({0x0002'0000'7fff'fffc, 0}));
  refuse("a text that is not UTF-8", "Limits", Errc::kNotUtf8,
         replacedIn(bytes, asBytes("some"), Bytes{0xc0, 0xaf, 'm', 'e'}));
  refuse("a surrogate in a text", "Limits", Errc::kNotUtf8,
         replacedIn(bytes, asBytes("some"), Bytes{0xed, 0xa0, 0x80, 'e'}));
  refuse("an account that is no key", "Limits", Errc::kMalformed,
         replacedIn(bytes, head.from.account.view(), Bytes(32)));
  const auto good =
      g.valid("a longer text", {"Ordinary"}, writer.json(head, body::Text{std::string(300, 'a')}, "accepted"));
  const auto empty = body::ResendRequest{{}, {writer.range(5, 6)}};
  auto range = writer.bytes(head, empty);
  const auto fives = ByteWriter().u64(5).u64(6).take();
  refuse("a range from 0", "Limits", Errc::kMalformed, replacedIn(range, fives, ByteWriter().u64(0).u64(6).view()));
  refuse("a range that ends before it begins", "Limits", Errc::kMalformed,
         replacedIn(range, fives, ByteWriter().u64(7).u64(6).view()));
  refuse("a range over 2^62", "Limits", Errc::kMalformed,
         replacedIn(range, fives, ByteWriter().u64(5).u64((1ull << 62) + 1).view()));
  const auto typing = writer.bytes(head, body::Typing{true});
  auto newer = typing;
  const auto place = placeOfUnion(typing);
  newer[place] = 0x2a;
  newer[place + 1] = 0x01;
  g.valid("a body with the number 298", {"Newer"}, writer.json(newer, "accepted"));
  g.invalid("a body that is not known, from a stranger", {"Permission"}, name(Errc::kNotPermitted),
            without(writer.json(newer, "unknown"), "says"));
  for (const int at : {100, 120, -20, -1}) {
    g.refused("a byte is another", {"Modified"}, with(good, "content", flipped(good["content"], at)));
  }
  g.invalid("another digest", {"Modified"}, kMismatch, with(good, "digest", flipped(good["digest"], 0)));
}

void generateContent(Generator& g) {
  Writer writer(g);
  g.group("Bodies");
  for (auto& [body, sender] : writer.bodies()) {
    g.valid("", {"Ordinary"}, writer.json(writer.head(), std::move(body), sender));
  }
  auto first = writer.head();
  first.sequence = 1;
  first.previousDigest = {};
  first.mark = {};
  first.myManifest = {};
  first.yourManifest = {};
  g.valid("the first of a stream, to one of whom nothing is known", {"Ordinary"},
          writer.json(first, body::Text{"x"}, "accepted"));
  addPermissions(g, writer);
  addHeads(g, writer);
  addHostile(g, writer);
}

}  // namespace

std::vector<Kind> contentKinds() {
  const std::vector<Field> reading{{"name", kText, "path of the field, as in session/content.capnp"},
                                   {"value", kText, "bytes in hexadecimal, numbers in decimal, texts as they are"}};
  return {
      {"content",
       "docs/protocol.md §7",
       "This content, through this session and from such a sender, is accepted and says this.",
       {{"content", kHex, "the unpadded Content message"},
        {"fromAccount", kHex, "whose session decrypted it"},
        {"fromDevice", kNumber, "likewise"},
        {"toAccount", kHex, "the receiving device's account"},
        {"toDevice", kNumber, "the receiving device"},
        {"sender", kText, "what the receiver thinks of the sender: ownDevice, accepted, requested, unknown"},
        {"says", kList, "every field, in the order of the schema", Field::Need::kAlways, reading},
        {"digest", kHex, "the Hash of `content`: the next one's previousDigest"}},
       {kOrdinary, kNewer, kEncoding, kLimits, kHead, kPermission, kModified},
       generateContent,
       checkContent},
  };
}

}  // namespace waxwing::vectors
