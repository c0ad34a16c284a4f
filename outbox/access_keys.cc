#include "outbox/access_keys.h"

#include <stdexcept>

namespace waxwing {

void AccessKeys::makeFirst(Transaction& transaction) {
  if (context_.settings.find(setting::kContactKey)) return;
  const AccessKey key = context_.random.secret<32>();
  context_.settings.put(transaction, setting::kContactKey, key.view());
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
  if (former == Former::kKept) {
    context_.settings.put(transaction, setting::kFormerContactKey, contactKey().view());
  } else {
    context_.settings.remove(transaction, setting::kFormerContactKey);
  }
  const AccessKey key = context_.random.secret<32>();
  context_.settings.put(transaction, setting::kContactKey, key.view());
  noteChange(transaction);
  tellSiblings(transaction);
  for (const AccountId& account : context_.contacts.inState(static_cast<std::uint8_t>(ContactState::kAccepted))) {
    composer_.tellContact(transaction, account, profile());
    // Whoever does not hear of the key cannot ask for it: it is told again until it shows that it did.
    for (const DeviceAddress& device : context_.roster.devices(account, context_.selfAddress())) {
      context_.devices.putProbe(transaction, device, context_.now() + limits::kProbeGrace, 0);
    }
  }
  context_.probesChanged = true;
}

void AccessKeys::dropInvites(Transaction& transaction) {
  context_.invites.removeAll(transaction);
  noteChange(transaction);
  tellSiblings(transaction);
}

void AccessKeys::take(Transaction& transaction, const AccessKey& contactKey, std::span<const AccessKey> inviteKeys) {
  context_.settings.put(transaction, setting::kContactKey, contactKey.view());
  context_.invites.removeAll(transaction);
  for (const AccessKey& key : inviteKeys) context_.invites.put(transaction, key.view());
}

AccessKeyHashes AccessKeys::hashes() {
  AccessKeyHashes all;
  all.contact.push_back(hashOf(contactKey()));
  if (const auto former = context_.settings.find(setting::kFormerContactKey)) {
    all.contact.push_back(hashOf(AccessKey::from(former->view()).value()));
  }
  for (const AccessKey& key : invites()) all.invites.push_back(hashOf(key));
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
  if (manifest != nullptr) profile.relay = (*manifest)->relay;
  return profile;
}

void AccessKeys::tellSiblings(Transaction& transaction) {
  composer_.tellSiblings(transaction, context_.selfAccount(), body::SyncAccessKeys{contactKey(), invites()});
}

void AccessKeys::noteChange(Transaction& transaction) {
  context_.settings.putInteger(transaction, setting::kAccessKeysChanged, changed().value_or(0) + 1);
  context_.publishingDue = true;
}

}  // namespace waxwing
