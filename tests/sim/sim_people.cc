#include "tests/sim/sim_people.h"

#include <algorithm>

#include "session/manifest_book.h"

namespace waxwing::testing {

using namespace std::chrono_literals;

void SimPeople::acceptAll(SimDevice& device) {
  for (const SimDevice* other : primaries_) {
    if (other->account() == device.account() || !isUp(device)) continue;
    const auto contact = device.perform([&](Outbox& outbox) { return outbox.findContact(other->account()); });
    if (!contact || !*contact || (*contact)->state != ContactState::kRequested) continue;
    const auto done =
        device.perform([&](Outbox& outbox) { return outbox.acceptContact(other->account(), other->name()); });
    if (!done) world_.loop().note(device.name() + " cannot accept: " + done.error().message);
  }
}

// Who is shown two lists of one version asks their owner, whose primary tells; if it has moved on, the newer is taken.
void SimPeople::decide(SimDevice& device) {
  for (SimDevice* primary : primaries_) {
    if (!isUp(*primary) || !takesPart(device)) continue;
    const auto between = device.perform([&](Outbox& outbox) { return outbox.equivocation(primary->account()); });
    if (!between || !*between) continue;
    const Hash current = ManifestBook(primary->db(), primary->clock()).find(primary->account())->hash();
    const auto& [held, other] = **between;
    const Hash& trusted = current == other ? other : held;
    device.perform([&](Outbox& outbox) { return outbox.trustManifest(primary->account(), trusted); });
  }
}

void SimPeople::openClone(SimDevice& device) {
  device.close();
  device.clock().jump(25h);
  device.start();
}

// Whoever retires a device makes his open invites void: who had one and was not heard gets another.
void SimPeople::renewInvites() {
  for (auto& device : world_.devices()) {
    if (!takesPart(*device)) continue;
    for (SimDevice* other : primaries_) {
      if (other->account() == device->account() || !takesPart(*other)) continue;
      const auto asked = device->perform([&](Outbox& outbox) { return outbox.findContact(other->account()); });
      const auto heard = other->perform([&](Outbox& outbox) { return outbox.findContact(device->account()); });
      if (!asked || !*asked || (*asked)->state != ContactState::kInvited || !heard || *heard) continue;
      const auto invite = other->perform([](Outbox& outbox) { return outbox.createInvite(); });
      if (!invite) continue;
      world_.run(1min);  // the inviter publishes it
      device->perform([&](Outbox& outbox) { return outbox.addContact(other->name(), *invite); });
    }
  }
}

// A device that was granted and whose grant was lost is retired by its owner.
void SimPeople::retireGhosts() {
  for (SimDevice* primary : primaries_) {
    if (!isUp(*primary)) continue;
    const auto listed = primary->perform([](Outbox& outbox) { return outbox.devices(); });
    if (!listed) continue;
    for (const OwnDeviceInfo& device : *listed) {
      const DeviceAddress address{primary->account(), device.id};
      const bool known = std::ranges::any_of(world_.devices(), [&](const auto& one) { return one->self() == address; });
      if (!known) primary->perform([&](Outbox& outbox) { return outbox.retireDevice(device.id); });
    }
  }
}

// Where the primary went back to before a device was retired, and nobody had heard of it yet.
void SimPeople::retireAgain() {
  SimDevice& primary = *primaries_.front();
  if (!isUp(primary)) return;
  const auto listed = primary.perform([](Outbox& outbox) { return outbox.devices(); });
  if (!listed) return;
  for (const OwnDeviceInfo& one : *listed) {
    const bool retired = std::ranges::any_of(world_.devices(), [&](const auto& device) {
      return device->self() == DeviceAddress{primary.account(), one.id} && world_.isRetired(*device);
    });
    if (retired) primary.perform([&](Outbox& outbox) { return outbox.retireDevice(one.id); });
  }
}

// Where the primary went back to before a device was granted, and its relay, too, or the list never came there, nobody
// else holds the list with it.
void SimPeople::giveUpUnlisted() {
  SimDevice& primary = *primaries_.front();
  if (!isUp(primary)) return;
  const auto listed = primary.perform([](Outbox& outbox) { return outbox.devices(); });
  if (!listed) return;
  for (auto& device : world_.devices()) {
    if (device->account() != primary.account() || world_.isRetired(*device)) continue;
    const bool known =
        std::ranges::any_of(*listed, [&](const OwnDeviceInfo& one) { return one.id == device->self().device; });
    if (!known) {
      world_.giveUp(*device);
      primary.clock().jump(2 * limits::kManifestRefresh);  // contacts may believe in it until the list is signed anew
    }
  }
}

}  // namespace waxwing::testing
