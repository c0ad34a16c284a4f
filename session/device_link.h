#pragma once

#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/curve.h"
#include "crypto/error.h"
#include "crypto/ids.h"
#include "session/access_key.h"
#include "session/manifest.h"
#include "session/own_device.h"
#include "store/database.h"

// Adding a device by two blobs that the app carries between the two installations (docs/protocol.md §1, "Adding a
// device").
namespace waxwing {

// What an unlinked installation asks with. Its bindings name the account and the id, so that it must be told the
// account (public) and draws an id; the primary refuses one that was ever used. Public, but must come from the right
// device: the user compares `shortCode` on both screens. Text form: "waxwing-request1:" and base64url.
struct DeviceRequest {
  AccountId account;
  ManifestDevice device;  // with both bindings
  CurveKey answerKey;     // what the grant is sealed to

  // kMalformed, kBadKey, kBadBinding.
  static Result<DeviceRequest> parse(std::string_view text);
  std::string text() const;
  // Twelve digits of the slow hash of the request's hash: "1234 5678 9012". Whoever swaps the request on its way would
  // have to find keys of his own with the same code, at a tenth of a second a try. kStoreFailed without the memory for
  // it.
  Result<std::string> shortCode() const;
};

// A contact as a new device learns it.
struct GrantedContact {
  AccountId account;
  std::string name;
  std::uint8_t state = 0;  // outbox/contacts.h: ContactState
  Bytes manifest;          // signed; empty: none held
  std::optional<AccessKey> accessKey;
  std::optional<RelayAddress> relay;
};

// What the primary answers with: sealed to the request's answer key and signed by the account key (use "device-grant")
// over the request's hash and the grant. Text form: "waxwing-grant1:" and base64url.
struct DeviceGrant {
  Bytes manifest;  // the signed manifest that lists the new device
  std::vector<GrantedContact> contacts;
  AccessKey contactKey;
  std::vector<AccessKey> inviteKeys;
};

// On the new device: makes its keys, keeps them as a request in waiting, returns the request. At most one waits; a new
// one replaces it.
Result<DeviceRequest> makeDeviceRequest(Transaction& transaction, const AccountId& account, const Clock& clock,
                                        Random& random);

// On the primary: the grant's text. `grant.manifest` already lists the requested device. kNotAllowed on another device.
Result<std::string> sealDeviceGrant(const OwnDevice& primary, const DeviceRequest& request, const DeviceGrant& grant,
                                    Random& random);

// On the new device: opens the grant for the request in waiting, checks signature and manifest, and makes this
// installation that device (OwnDevice::load succeeds from now on). kNotFound without a request, kSealBroken,
// kBadSignature, kBadBinding.
Result<DeviceGrant> acceptDeviceGrant(Transaction& transaction, std::string_view text, const Clock& clock,
                                      Random& random);

}  // namespace waxwing
