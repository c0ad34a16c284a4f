#include "outbox/devices.h"

namespace waxwing {

std::vector<OwnDeviceInfo> Devices::all() {
  std::vector<OwnDeviceInfo> found;
  const SignedManifest* manifest = context_.roster.find(context_.selfAccount());
  if (manifest == nullptr) return found;
  for (const ManifestDevice& device : (*manifest)->devices) {
    found.push_back({.id = device.id,
                     .primary = device.id == (*manifest)->primary,
                     .self = device.id == context_.selfAddress().device});
  }
  return found;
}

Result<Manifest> Devices::mine() {
  if (!context_.self.isPrimary()) return fail(Errc::kNotAllowed, "only the primary device may do this");
  if (context_.settings.findInteger(setting::kSignNothing)) {
    return fail(Errc::kNotAllowed, "this profile was restored: connect once, then try again");
  }
  const SignedManifest* manifest = context_.roster.find(context_.selfAccount());
  if (manifest == nullptr) return fail(Errc::kNoSuchProfile, "there is no device list");
  return manifest->manifest();
}

Result<std::string> Devices::grant(std::string_view requestText) {
  auto manifest = mine();
  if (!manifest) return tl::unexpected(manifest.error());
  auto request = DeviceRequest::parse(requestText);
  if (!request) return tl::unexpected(request.error());
  if (request->account != context_.selfAccount()) {
    return fail(Errc::kInvalidArgument, "this request is for another account");
  }
  const DeviceId id = request->device.id;
  if (manifest->find(id) != nullptr || manifest->isRetired(id)) {
    return fail(Errc::kNotAllowed, "this device number was used before: ask again from the new device");
  }
  if (manifest->devices.size() >= limits::kDevicesPerManifest) {
    return fail(Errc::kTooManyDevices, "the account has as many devices as it may have");
  }
  const auto place = std::ranges::find_if(manifest->devices, [&](const auto& held) { return held.id > id; });
  manifest->devices.insert(place, request->device);

  Step step(context_, CommitPoint::kDevices);
  if (auto issued = manifests_.reissue(step, std::move(*manifest)); !issued) return tl::unexpected(issued.error());
  DeviceGrant grant{.manifest = toBytes(context_.roster.find(context_.selfAccount())->bytes()),
                    .contacts = grantedContacts(),
                    .contactKey = keys_.contactKey(),
                    .inviteKeys = keys_.invites()};
  auto text = sealDeviceGrant(context_.self, *request, grant, context_.random);
  if (!text) return text;
  step.commit();
  return text;
}

Result<void> Devices::retire(DeviceId device) {
  auto manifest = mine();
  if (!manifest) return tl::unexpected(manifest.error());
  if (manifest->find(device) == nullptr) return fail(Errc::kNotFound, "there is no such device");
  if (device == manifest->primary) return fail(Errc::kNotAllowed, "the primary cannot retire itself");
  std::erase_if(manifest->devices, [&](const auto& held) { return held.id == device; });
  manifest->retired.set(device.value());

  Step step(context_, CommitPoint::kDevices);
  if (auto issued = manifests_.reissue(step, std::move(*manifest)); !issued) return issued;
  step.commit();
  return {};
}

std::vector<GrantedContact> Devices::grantedContacts() {
  std::vector<GrantedContact> granted;
  for (const auto& row : context_.contacts.all()) {
    GrantedContact contact;
    contact.account = row.account;
    contact.name = row.name;
    contact.state = row.state;
    if (const SignedManifest* manifest = context_.roster.find(row.account))
      contact.manifest = toBytes(manifest->bytes());
    if (row.accessKey) contact.accessKey = AccessKey::from(row.accessKey->view());
    if (auto relay = RelayAddress::parse(row.relay)) contact.relay = std::move(*relay);
    granted.push_back(std::move(contact));
  }
  return granted;
}

void takeGrant(Transaction& transaction, const DeviceGrant& grant, const Clock& clock) {
  Database& db = transaction.database();
  ManifestBook book(db, clock);
  ContactTable contacts(db);
  InviteTable invites(db);
  Settings settings(db);
  for (const GrantedContact& granted : grant.contacts) {
    ContactTable::Row row;
    row.account = granted.account;
    row.name = granted.name;
    row.state = granted.state;
    if (granted.accessKey) row.accessKey = SecretBytes(granted.accessKey->view());
    if (granted.relay) row.relay = granted.relay->text();
    contacts.put(transaction, row);
    const auto manifest = SignedManifest::parse(granted.manifest);
    if (manifest && (*manifest)->account == granted.account) book.adopt(transaction, *manifest);
  }
  settings.put(transaction, setting::kContactKey, grant.contactKey.view());
  for (const AccessKey& key : grant.inviteKeys) invites.put(transaction, key.view());
}

}  // namespace waxwing
