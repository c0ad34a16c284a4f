#pragma once

#include <string>
#include <vector>

#include "outbox/access_keys.h"
#include "outbox/context.h"
#include "outbox/manifests.h"
#include "session/device_link.h"

namespace waxwing {

// The account's own devices: on the primary, letting one in and retiring one; on a new one, what its grant brought.
class Devices {
 public:
  Devices(Context& context, Manifests& manifests, AccessKeys& keys)
      : context_(context), manifests_(manifests), keys_(keys) {}

  std::vector<OwnDeviceInfo> all();
  Result<std::string> grant(std::string_view requestText);
  Result<void> retire(DeviceId device);

 private:
  // kNotAllowed unless this is the primary and may sign.
  Result<Manifest> mine();
  std::vector<GrantedContact> grantedContacts();

  Context& context_;
  Manifests& manifests_;
  AccessKeys& keys_;
};

// Writes down what a device grant brought along: contacts with their manifests, the account's access keys. In the
// transaction of `acceptDeviceGrant`.
void takeGrant(Transaction& transaction, const DeviceGrant& grant, const Clock& clock);

}  // namespace waxwing
