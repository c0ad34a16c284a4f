#include "outbox/access_keys.h"

#include <algorithm>
#include <compare>
#include <stdexcept>

namespace waxwing {

namespace {

// Keys that were made later than that from now are refused: nothing could ever replace them.
constexpr std::chrono::hours kMadeAhead = 3650 * limits::kDay;

std::uint64_t natural(std::optional<std::int64_t> value) { return static_cast<std::uint64_t>(value.value_or(0)); }

std::vector<AccessKeyHash> hashesOf(const std::vector<AccessKey>& keys) {
  std::vector<AccessKeyHash> hashes;
  for (const AccessKey& key : keys) hashes.push_back(hashOf(key));
  std::ranges::sort(hashes);
  return hashes;
}

// Greater: it stands. What was made at one time is told apart by its hashes, on every device alike.
std::strong_ordering compareContactKeys(const body::SyncAccessKeys& one, const body::SyncAccessKeys& other) {
  return std::pair(one.contactKeyMade, hashOf(one.contactKey)) <=>
         std::pair(other.contactKeyMade, hashOf(other.contactKey));
}

std::strong_ordering compareInvites(const body::SyncAccessKeys& one, const body::SyncAccessKeys& other) {
  return std::pair(one.inviteKeysMade, hashesOf(one.inviteKeys)) <=>
         std::pair(other.inviteKeysMade, hashesOf(other.inviteKeys));
}

}  // namespace

void AccessKeys::makeFirst(Transaction& transaction) {
  if (context_.settings.find(setting::kContactKey)) return;
  const AccessKey key = context_.random.secret<32>();
  context_.settings.put(transaction, setting::kContactKey, key.view());
  noteMade(transaction, setting::kContactKeyMade);
  noteChange(transaction);
}

AccessKey AccessKeys::contactKey() {
  const auto held = context_.settings.find(setting::kContactKey);
  if (!held) throw std::logic_error("no contact key");
  return AccessKey::from(held->view()).value();
}

Result<AccessKey> AccessKeys::addInvite(Transaction& transaction) {
  if (context_.invites.all().size() >= limits::kInviteKeys) {
    return fail(Errc::kOverLimit, "there are too many open invites");
  }
  AccessKey key = context_.random.secret<32>();
  context_.invites.put(transaction, key.view());
  noteMade(transaction, setting::kInviteKeysMade);
  noteChange(transaction);
  tellSiblings(transaction);
  return key;
}

std::vector<AccessKey> AccessKeys::invites() {
  std::vector<AccessKey> keys;
  for (const SecretBytes& key : context_.invites.all()) keys.push_back(AccessKey::from(key.view()).value());
  return keys;
}

void AccessKeys::rotateContactKey(Transaction& transaction, Former former) {
  const AccessKey before = contactKey();
  std::vector<AccessKey> past = this->past();
  if (auto opensStill = this->former()) past.insert(past.begin(), std::move(*opensStill));
  if (former == Former::kKept) {
    context_.settings.put(transaction, setting::kFormerContactKey, before.view());
  } else {
    context_.settings.remove(transaction, setting::kFormerContactKey);
    past.insert(past.begin(), before.clone());
  }
  putPast(transaction, past);
  const AccessKey key = context_.random.secret<32>();
  context_.settings.put(transaction, setting::kContactKey, key.view());
  context_.settings.put(transaction, setting::kReplacedContactKey, hashOf(before).view());
  context_.settings.putInteger(transaction, setting::kContactKeyMadeHere, 1);
  noteMade(transaction, setting::kContactKeyMade);
  noteChange(transaction);
  tellAll(transaction);
}

// Whoever does not hear of the key cannot ask for it: contacts are told again until they show that they did, and who
// has not answered a request yet is asked again (outbox/requests.h).
void AccessKeys::tellAll(Transaction& transaction) {
  tellSiblings(transaction);
  for (const AccountId& account : context_.contacts.inState(static_cast<std::uint8_t>(ContactState::kAccepted))) {
    composer_.tellContact(transaction, account, profile());
    for (const DeviceAddress& device : context_.roster.devices(account, context_.selfAddress())) {
      context_.devices.putProbe(transaction, device, context_.now() + limits::kProbeGrace, 0);
    }
  }
  context_.probesChanged = true;
  askAgain(transaction, Asker::kAny);
}

// A request that an older key came with would be answered in vain.
void AccessKeys::askAgain(Transaction& transaction, Asker asker) {
  for (const AccountId& account : context_.contacts.inState(static_cast<std::uint8_t>(ContactState::kInvited))) {
    if (asker == Asker::kSame && !hasAsked(account)) continue;
    const auto contact = context_.contacts.find(account);
    const auto invite = contact && contact->accessKey ? AccessKey::from(contact->accessKey->view()) : std::nullopt;
    if (invite) composer_.tellContact(transaction, account, request(*invite));
  }
}

void AccessKeys::dropInvites(Transaction& transaction) {
  context_.invites.removeAll(transaction);
  noteMade(transaction, setting::kInviteKeysMade);
  noteChange(transaction);
  tellSiblings(transaction);
}

void AccessKeys::dropPast(Transaction& transaction) {
  const WallTime made{context_.settings.findInteger(setting::kContactKeyMade).value_or(0)};
  if (past().empty() || context_.now() - made < limits::kPastContactKeysKept) return;
  putPast(transaction, {});
  noteChange(transaction);
}

Result<void> AccessKeys::take(Transaction& transaction, const body::SyncAccessKeys& told) {
  const auto latest = static_cast<std::uint64_t>((context_.now() + kMadeAhead).ms);
  if (std::max(told.contactKeyMade, told.inviteKeysMade) > latest) {
    return fail(Errc::kMalformed, "access keys from the far future");
  }
  const body::SyncAccessKeys mine = held();
  const auto contactKey = compareContactKeys(told, mine);
  const auto invites = compareInvites(told, mine);
  if (invites > 0) takeInvites(transaction, told);
  if (contactKey > 0) takeContactKey(transaction, told);
  if (contactKey < 0 || invites < 0) tellSiblings(transaction);
  return {};
}

// Whoever replaced a key without knowing of the one that this device had made does not know why it was made either, and
// contacts were told both: one that nobody knows yet replaces both.
void AccessKeys::takeContactKey(Transaction& transaction, const body::SyncAccessKeys& told) {
  const bool madeHere = context_.settings.findInteger(setting::kContactKeyMadeHere).has_value();
  const AccessKey before = contactKey();
  const auto names = [&](const AccessKey& key) { return hashOf(key) == hashOf(before); };
  const bool isKnownThere =
      told.replacedContactKey == hashOf(before) || std::ranges::any_of(told.pastContactKeys, names);
  const bool isLost = madeHere && !isKnownThere;
  const auto putOrRemove = [&](std::string_view name, const auto& value) {
    if (value) {
      context_.settings.put(transaction, name, value->view());
    } else {
      context_.settings.remove(transaction, name);
    }
  };
  context_.settings.put(transaction, setting::kContactKey, told.contactKey.view());
  putOrRemove(setting::kFormerContactKey, told.formerContactKey);
  putOrRemove(setting::kReplacedContactKey, told.replacedContactKey);
  std::vector<AccessKey> past;
  for (const AccessKey& key : told.pastContactKeys) past.push_back(key.clone());
  if (isLost) past.insert(past.begin(), before.clone());
  putPast(transaction, past);
  context_.settings.putInteger(transaction, setting::kContactKeyMade, static_cast<std::int64_t>(told.contactKeyMade));
  context_.settings.remove(transaction, setting::kContactKeyMadeHere);
  noteChange(transaction);
  if (isLost) return rotateContactKey(transaction, Former::kPast);
  askAgain(transaction, Asker::kSame);
}

bool AccessKeys::hasAsked(const AccountId& account) {
  return context_.deliveries.owes(account) ||
         std::ranges::any_of(context_.roster.devices(account, context_.selfAddress()),
                             [this](const DeviceAddress& device) { return !context_.sent.streams(device).empty(); });
}

void AccessKeys::takeInvites(Transaction& transaction, const body::SyncAccessKeys& told) {
  context_.invites.removeAll(transaction);
  for (const AccessKey& key : told.inviteKeys) context_.invites.put(transaction, key.view());
  context_.settings.putInteger(transaction, setting::kInviteKeysMade, static_cast<std::int64_t>(told.inviteKeysMade));
  noteChange(transaction);
}

body::SyncAccessKeys AccessKeys::held() {
  body::SyncAccessKeys keys;
  keys.contactKey = contactKey();
  keys.formerContactKey = former();
  if (const auto replaced = context_.settings.find(setting::kReplacedContactKey)) {
    keys.replacedContactKey = AccessKeyHash::from(replaced->view()).value();
  }
  keys.contactKeyMade = natural(context_.settings.findInteger(setting::kContactKeyMade));
  keys.inviteKeys = invites();
  keys.inviteKeysMade = natural(context_.settings.findInteger(setting::kInviteKeysMade));
  keys.pastContactKeys = past();
  return keys;
}

std::optional<AccessKey> AccessKeys::former() {
  const auto held = context_.settings.find(setting::kFormerContactKey);
  if (!held) return std::nullopt;
  return AccessKey::from(held->view()).value();
}

std::vector<AccessKey> AccessKeys::past() {
  std::vector<AccessKey> keys;
  const auto held = context_.settings.find(setting::kPastContactKeys);
  if (!held) return keys;
  for (std::size_t at = 0; at < held->view().size(); at += AccessKey::kSize) {
    keys.push_back(AccessKey::from(held->view().subspan(at, AccessKey::kSize)).value());
  }
  return keys;
}

void AccessKeys::putPast(Transaction& transaction, const std::vector<AccessKey>& keys) {
  const std::size_t count = std::min(keys.size(), limits::kPastContactKeys);
  if (count == 0) return context_.settings.remove(transaction, setting::kPastContactKeys);
  SecretBytes all(count * AccessKey::kSize);
  for (std::size_t i = 0; i < count; ++i) {
    std::ranges::copy(keys[i].view(), all.span().begin() + static_cast<std::ptrdiff_t>(i * AccessKey::kSize));
  }
  context_.settings.put(transaction, setting::kPastContactKeys, all.view());
}

// Later than what is replaced, whatever the clock says.
void AccessKeys::noteMade(Transaction& transaction, std::string_view setting) {
  const std::int64_t before = context_.settings.findInteger(setting).value_or(0);
  const auto most = static_cast<std::int64_t>(limits::kSequenceMax);
  context_.settings.putInteger(transaction, setting, std::min(std::max(context_.now().ms, before + 1), most));
}

AccessKeyHashes AccessKeys::hashes() {
  const body::SyncAccessKeys keys = held();
  AccessKeyHashes all;
  all.contact.push_back(hashOf(keys.contactKey));
  if (keys.formerContactKey) all.contact.push_back(hashOf(*keys.formerContactKey));
  for (const AccessKey& key : keys.inviteKeys) all.invites.push_back(hashOf(key));
  for (const AccessKey& key : keys.pastContactKeys) {
    if (all.invites.size() < limits::kInviteKeys) all.invites.push_back(hashOf(key));
  }
  return all;
}

std::optional<std::int64_t> AccessKeys::changed() { return context_.settings.findInteger(setting::kAccessKeysChanged); }

void AccessKeys::published(Transaction& transaction, std::int64_t change) {
  if (changed() == change) context_.settings.remove(transaction, setting::kAccessKeysChanged);
}

body::Profile AccessKeys::profile() {
  const SignedManifest* manifest = context_.roster.find(context_.selfAccount());
  body::Profile profile;
  profile.contactKey = contactKey();
  profile.contactKeyMade = natural(context_.settings.findInteger(setting::kContactKeyMade));
  if (manifest != nullptr) profile.relay = (*manifest)->relay;
  return profile;
}

body::ContactRequest AccessKeys::request(const AccessKey& invite) {
  return {.profile = profile(), .note = {}, .inviteKey = hashOf(invite)};
}

void AccessKeys::tellSiblings(Transaction& transaction) {
  composer_.tellSiblings(transaction, context_.selfAccount(), held());
}

void AccessKeys::tell(Transaction& transaction, const DeviceAddress& sibling) {
  composer_.tellDevice(transaction, sibling, held());
  for (const auto& row : context_.contacts.all()) {
    if (row.otherKey) tellKeys(transaction, sibling, row);
  }
}

// The one that stands first: the grant does not say when it was made, and the other would take its place.
void AccessKeys::tellKeys(Transaction& transaction, const DeviceAddress& sibling, const ContactTable::Row& row) {
  const auto tellOne = [&](const SecretBytes& key, std::uint64_t made) {
    body::SyncContact contact;
    contact.account = row.account;
    contact.state = row.state;
    contact.contactKey = AccessKey::from(key.view());
    contact.contactKeyMade = made;
    composer_.tellDevice(transaction, sibling, std::move(contact));
  };
  tellOne(*row.accessKey, row.accessKeyMade);
  tellOne(*row.otherKey, 0);
}

void AccessKeys::noteChange(Transaction& transaction) {
  context_.settings.putInteger(transaction, setting::kAccessKeysChanged, changed().value_or(0) + 1);
  context_.publishingDue = true;
}

}  // namespace waxwing
