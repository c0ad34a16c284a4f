#include "outbox/contacts.h"

#include "crypto/text.h"

namespace waxwing {

namespace {

std::uint8_t number(ContactState state) { return static_cast<std::uint8_t>(state); }
bool is(const ContactTable::Row& row, ContactState state) { return row.state == number(state); }

ContactTable::Row newRow(const AccountId& account) {
  ContactTable::Row row;
  row.account = account;
  return row;
}

bool hasKey(const ContactTable::Row& row, const AccessKey& key) {
  return row.accessKey && constantTimeEqual(row.accessKey->view(), key.view());
}

bool isOlder(const ContactTable::Row& row, const AccessKey& key, std::uint64_t made) {
  if (made != row.accessKeyMade || made == 0) return made < row.accessKeyMade;
  return hashOf(key) < hashOf(AccessKey::from(row.accessKey->view()).value());
}

// The key that its maker made last stands, whichever of his devices or of one's own tells it. An invite's was made
// before all others, and of those of which that is not known the last that was told stands. The one that gives way is
// kept, unless it was an invite's: what stands may be the word of a device that was retired since, from a clock far
// ahead.
void learnKey(ContactTable::Row& row, const std::optional<AccessKey>& key, std::uint64_t made) {
  if (!key) return;
  if (hasKey(row, *key)) {
    row.accessKeyMade = std::max(row.accessKeyMade, made);
    return;
  }
  if (row.accessKey && isOlder(row, *key, made)) {
    row.otherKey = SecretBytes(key->view());
    return;
  }
  if (row.accessKeyMade != 0) row.otherKey = std::move(row.accessKey);
  row.accessKey = SecretBytes(key->view());
  row.accessKeyMade = made;
}

void learn(ContactTable::Row& row, const body::Profile& profile) {
  if (!profile.name.empty()) row.statedName = profile.name;
  learnKey(row, profile.contactKey, profile.contactKeyMade);
  if (profile.relay) row.relay = profile.relay->text();
}

}  // namespace

Result<AccountId> Contacts::add(Transaction& transaction, std::string_view name, const Invite& invite) {
  if (invite.account == context_.selfAccount()) return fail(Errc::kBadInvite, "this is an invite of your own");
  if (auto free = checkName(name, invite.account); !free) return tl::unexpected(free.error());
  auto row = context_.contacts.find(invite.account).value_or(newRow(invite.account));
  row.name = name;
  if (is(row, ContactState::kAccepted)) {
    put(transaction, row);
    return invite.account;
  }
  if (is(row, ContactState::kRequested)) {
    put(transaction, row);
    if (auto accepted = accept(transaction, invite.account, name); !accepted) {
      return tl::unexpected(accepted.error());
    }
    return invite.account;
  }
  const bool asked = is(row, ContactState::kInvited);
  row.state = number(ContactState::kInvited);
  context_.invitedChanged = true;
  row.accessKey = SecretBytes(invite.key.view());
  row.accessKeyMade = 0;
  row.otherKey.reset();
  row.relay = invite.relay.text();
  put(transaction, row);
  context_.owing.insert(invite.account);
  context_.manifestsNew.insert(invite.account);
  tellSiblings(transaction, row);
  if (asked) return invite.account;  // the request is on its way, now with the newer key
  composer_.tellContact(transaction, invite.account, keys_.request(invite.key));
  return invite.account;
}

Result<void> Contacts::accept(Transaction& transaction, const AccountId& account, std::string_view name) {
  auto row = context_.contacts.find(account);
  if (!row || !is(*row, ContactState::kRequested)) return fail(Errc::kUnknownContact, "there is no such request");
  if (auto free = checkName(name, account); !free) return free;
  row->name = name;
  row->state = number(ContactState::kAccepted);
  put(transaction, *row);
  context_.manifestsNew.insert(account);
  composer_.tellContact(transaction, account, keys_.profile());
  tellSiblings(transaction, *row);
  return {};
}

Result<void> Contacts::block(Transaction& transaction, const AccountId& account) {
  auto row = context_.contacts.find(account);
  if (!row) return fail(Errc::kUnknownContact, "there is no such contact");
  const bool knewKey = is(*row, ContactState::kAccepted) || is(*row, ContactState::kInvited);
  row->state = number(ContactState::kBlocked);
  row->accessKey.reset();
  row->otherKey.reset();
  put(transaction, *row);
  partWith(transaction, account);
  tellSiblings(transaction, *row);
  if (knewKey) keys_.rotateContactKey(transaction, AccessKeys::Former::kPast);
  return {};
}

void Contacts::partWith(Transaction& transaction, const AccountId& account) {
  for (const std::int64_t message : context_.deliveries.messages(account)) {
    context_.deliveries.removeMessage(transaction, account, message);
  }
  for (const DeviceAddress& device : context_.roster.devices(account, context_.selfAddress())) {
    context_.ratchet.wipe(transaction, device);
  }
  context_.sent.removeAccount(transaction, account);
  context_.recovery.removeAccount(transaction, account);
  context_.parked.removeAccount(transaction, account);
}

Result<void> Contacts::onRequest(Transaction& transaction, const Head& head, const body::ContactRequest& request) {
  const AccountId& account = head.from.account;
  auto row = context_.contacts.find(account);
  if (!row) {
    const auto waiting = context_.contacts.inState(number(ContactState::kRequested)).size();
    if (waiting >= limits::kContactRequests) return fail(Errc::kOverLimit, "too many contact requests wait");
    row = newRow(account);
    row->state = number(ContactState::kRequested);
  }
  learn(*row, request.profile);
  row->note = request.note;
  const bool mutual = is(*row, ContactState::kInvited);
  if (mutual) row->state = number(ContactState::kAccepted);
  if (const SignedManifest* manifest = context_.roster.find(account)) {
    const auto age = context_.now() - issuedAt(manifest->manifest());
    if (is(*row, ContactState::kRequested)) row->unconfirmed = age > limits::kManifestUnconfirmedAge;
  }
  put(transaction, *row);
  context_.manifestsNew.insert(account);
  // Whoever asks us again has not heard, or has forgotten, that he was accepted.
  if (is(*row, ContactState::kAccepted)) composer_.tellContact(transaction, account, keys_.profile());
  if (mutual) tellSiblings(transaction, *row);
  return {};
}

bool Contacts::onRequestAgain(Transaction& transaction, const AccountId& account) {
  const auto row = context_.contacts.find(account);
  if (!row || !is(*row, ContactState::kAccepted)) return false;
  composer_.tellContact(transaction, account, keys_.profile());
  return true;
}

Result<void> Contacts::onProfile(Transaction& transaction, const Head& head, const body::Profile& profile) {
  const AccountId& account = head.from.account;
  if (account == context_.selfAccount()) return {};
  auto row = context_.contacts.find(account);
  const bool known = row && (is(*row, ContactState::kAccepted) || is(*row, ContactState::kInvited));
  if (!known) return fail(Errc::kNotPermitted, "a profile from someone who was not accepted");
  if (profile.name.empty() && !profile.contactKey && !profile.relay) return {};
  const bool newKey = profile.contactKey && !hasKey(*row, *profile.contactKey);
  learn(*row, profile);
  const bool accepts = is(*row, ContactState::kInvited) && profile.contactKey.has_value();
  if (accepts) row->state = number(ContactState::kAccepted);
  put(transaction, *row);
  context_.owing.insert(account);
  if (accepts) context_.manifestsNew.insert(account);
  // A device that the contact did not know of yet was granted the former key, and cannot ask him for the new one. It is
  // told what was told here, even if that does not stand: it may be what opens.
  if (profile.contactKey) {
    row->accessKey = SecretBytes(profile.contactKey->view());
    row->accessKeyMade = profile.contactKeyMade;
  }
  if (accepts || (newKey && context_.self.isPrimary())) tellSiblings(transaction, *row);
  // Whoever rotates its key tells it again until it sees that it arrived.
  if (newKey && !accepts) composer_.tellDevice(transaction, head.from, body::Empty{});
  return {};
}

Result<void> Contacts::onSync(Transaction& transaction, const Head& head, const body::SyncContact& contact) {
  if (contact.account == context_.selfAccount()) return fail(Errc::kMalformed, "a contact of oneself");
  auto row = context_.contacts.find(contact.account).value_or(newRow(contact.account));
  if (contact.state < number(ContactState::kInvited) || contact.state > number(ContactState::kBlocked)) {
    return fail(Errc::kMalformed, "an unknown contact state");
  }
  // A sibling that has not heard of the acceptance yet does not take it back.
  const bool behind = is(row, ContactState::kAccepted) && contact.state == number(ContactState::kInvited);
  if (!behind) row.state = contact.state;
  if (!contact.name.empty()) row.name = freeName(contact.name, contact.account);
  learnKey(row, contact.contactKey, contact.contactKeyMade);
  if (contact.relay) row.relay = contact.relay->text();
  if (is(row, ContactState::kBlocked)) {
    row.accessKey.reset();
    row.otherKey.reset();
    partWith(transaction, contact.account);
  }
  put(transaction, row);
  context_.owing.insert(contact.account);
  context_.manifestsNew.insert(contact.account);
  if (context_.self.isPrimary()) passOn(transaction, head, row, contact.trustedManifest);
  return {};
}

// A device that the sibling did not know of was granted what was known here before: nobody else tells it.
void Contacts::passOn(Transaction& transaction, const Head& head, const ContactTable::Row& row,
                      const std::optional<Hash>& trustedManifest) {
  if (head.myManifest.version >= context_.roster.ref(context_.selfAccount()).version) return;
  for (const DeviceAddress& device : context_.roster.devices(context_.selfAccount(), context_.selfAddress())) {
    if (device != head.from) composer_.tellDevice(transaction, device, forSiblings(row, trustedManifest));
  }
}

body::SyncContact Contacts::forSiblings(const ContactTable::Row& row, const std::optional<Hash>& trustedManifest) {
  body::SyncContact contact;
  contact.trustedManifest = trustedManifest;
  contact.account = row.account;
  contact.name = row.name;
  contact.state = row.state;
  if (row.accessKey) contact.contactKey = AccessKey::from(row.accessKey->view());
  contact.contactKeyMade = row.accessKeyMade;
  if (auto relay = RelayAddress::parse(row.relay)) contact.relay = std::move(*relay);
  return contact;
}

void Contacts::tellSiblings(Transaction& transaction, const ContactTable::Row& row,
                            const std::optional<Hash>& trustedManifest) {
  composer_.tellSiblings(transaction, row.account, forSiblings(row, trustedManifest));
}

Contact Contacts::shown(const ContactTable::Row& row) {
  return {.account = row.account,
          .name = row.name,
          .statedName = row.statedName,
          .note = row.note,
          .state = static_cast<ContactState>(row.state),
          .equivocates = context_.roster.equivocates(row.account),
          .unconfirmed = row.unconfirmed};
}

std::vector<Contact> Contacts::all() {
  std::vector<Contact> found;
  for (const auto& row : context_.contacts.all()) found.push_back(shown(row));
  return found;
}

std::optional<Contact> Contacts::find(const AccountId& account) {
  const auto row = context_.contacts.find(account);
  return row ? std::optional(shown(*row)) : std::nullopt;
}

std::optional<Contact> Contacts::find(std::string_view name) {
  const auto row = context_.contacts.findByName(name);
  return row ? std::optional(shown(*row)) : std::nullopt;
}

Result<void> Contacts::checkName(std::string_view name, const AccountId& account) {
  if (name.empty()) return fail(Errc::kInvalidArgument, "a contact needs a name");
  if (name.size() > limits::kNameBytes) return fail(Errc::kTooLong, "the name is too long");
  if (!isUtf8(name)) return fail(Errc::kNotUtf8, "the name is not UTF-8");
  const auto holder = context_.contacts.findByName(name);
  if (holder && holder->account != account) return fail(Errc::kNameTaken, "another contact has this name");
  return {};
}

std::string Contacts::freeName(std::string name, const AccountId& account) {
  const std::string wanted = name;
  for (int n = 2; !checkName(name, account); ++n) {
    if (n > 100) return {};
    name = wanted + " (" + std::to_string(n) + ")";
  }
  return name;
}

void Contacts::put(Transaction& transaction, const ContactTable::Row& row) {
  context_.contacts.put(transaction, row);
  context_.events.add(event::ContactChanged{row.account});
}

}  // namespace waxwing
