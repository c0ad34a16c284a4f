#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "session/anchors.h"
#include "session/device_link.h"
#include "session/manifest_book.h"
#include "session/own_device.h"
#include "session/pre_keys.h"
#include "session/ratchet.h"
#include "store/client/client_database.h"
#include "tests/support/temporary_directory.h"

namespace waxwing::testing {

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The error's code, or 0 for success.
template <typename T>
Errc codeOf(const Result<T>& result) {
  return result ? Errc{} : result.error().code;
}

inline constexpr WallTime kTestStart{1'800'000'000'000};

// One device over a real database file: everything that session/ has, without a network.
class TestDevice {
 public:
  using Encrypted = Ratchet::Encrypted;

  // What is open; gone and made anew by `restart`.
  struct Rooms {
    Rooms(std::unique_ptr<Database> opened, Clock& clock, Random& random)
        : db(std::move(opened)),
          self(must(OwnDevice::load(*db))),
          manifests(*db, clock),
          preKeys(*db, self, clock, random),
          anchors(*db, clock, random),
          ratchet(*db, self, manifests, preKeys, anchors, clock, random) {}

    std::unique_ptr<Database> db;
    OwnDevice self;
    ManifestBook manifests;
    PreKeys preKeys;
    Anchors anchors;
    Ratchet ratchet;
  };

  // A new account with its primary device.
  TestDevice(std::uint64_t seed, ManualClock& clock) : clock_(clock), random_(seed) {
    auto db = must(openClientDatabase(options(Database::Existing::kMustNotExist)));
    {
      Transaction transaction(*db, CommitPoint::kCreateProfile);
      must(OwnDevice::createAccount(transaction, must(RelayAddress::parse("relay.example:4433")), clock_, random_));
      transaction.commit();
    }
    rooms_ = std::make_unique<Rooms>(std::move(db), clock_, random_);
    publish();
  }

  // A further device of `primary`'s account.
  TestDevice(std::uint64_t seed, ManualClock& clock, TestDevice& primary) : clock_(clock), random_(seed) {
    auto db = must(openClientDatabase(options(Database::Existing::kMustNotExist)));
    {
      Transaction transaction(*db, CommitPoint::kCreateProfile);
      const auto request = must(makeDeviceRequest(transaction, primary.address().account, clock_, random_));
      must(acceptDeviceGrant(transaction, primary.grant(request), clock_, random_));
      transaction.commit();
    }
    rooms_ = std::make_unique<Rooms>(std::move(db), clock_, random_);
    publish();
  }

  Rooms* operator->() { return rooms_.get(); }
  DeviceAddress address() const { return rooms_->self.address(); }
  ManualClock& clock() { return clock_; }
  Random& random() { return random_; }
  // Randomness from here on follows from this seed, whatever happened before.
  void reseed(std::uint64_t seed) { random_ = SeededRandom(seed); }
  SignedManifest manifest() { return *rooms_->manifests.find(address().account); }

  // Runs `work(transaction)` and commits, whatever it returns.
  template <typename Work>
  auto commit(Work work) {
    Transaction transaction(*rooms_->db, CommitPoint::kPrepare);
    if constexpr (std::is_void_v<decltype(work(transaction))>) {
      work(transaction);
      transaction.commit();
    } else {
      auto result = work(transaction);
      transaction.commit();
      return result;
    }
  }

  // Signs the request's device into the manifest and answers it.
  std::string grant(const DeviceRequest& request) {
    auto next = manifest().manifest();
    next.devices.push_back(request.device);
    std::ranges::sort(next.devices, {}, &ManifestDevice::id);
    const auto signedManifest = reissue(next);
    DeviceGrant answer;
    answer.manifest = toBytes(signedManifest.bytes());
    answer.contactKey = random_.secret<32>();
    return must(sealDeviceGrant(rooms_->self, request, answer, random_));
  }
  SignedManifest retire(DeviceId device) {
    auto next = manifest().manifest();
    std::erase_if(next.devices, [&](const ManifestDevice& entry) { return entry.id == device; });
    next.retired.set(device.value());
    return reissue(next);
  }
  SignedManifest reissue(const Manifest& next) {
    return commit(
        [&](Transaction& transaction) { return must(rooms_->manifests.reissue(transaction, rooms_->self, next)); });
  }
  ManifestBook::Adoption adopt(const SignedManifest& manifest) {
    return commit([&](Transaction& transaction) { return rooms_->manifests.adopt(transaction, manifest); });
  }

  void publish(PreKeys::Occasion occasion = PreKeys::Occasion::kRoutine) {
    const auto made =
        commit([&](Transaction& transaction) { return rooms_->preKeys.prepare(transaction, occasion, relay_); });
    if (!made) return;
    signedKeys_ = made->signedKeys;
    if (made->replaceAll) oneTime_.clear();
    oneTime_.insert(oneTime_.end(), made->oneTime.begin(), made->oneTime.end());
    relay_ = {made->counter, static_cast<std::uint32_t>(oneTime_.size())};
  }
  PreKeys::RelayStatus& relayStatus() { return relay_; }

  // What a relay would hand out.
  PreKeyBundle bundle() {
    auto bundle = bundleWithoutOneTime();
    bundle.oneTimeKey = oneTime_.back();
    oneTime_.pop_back();
    return bundle;
  }
  PreKeyBundle bundleWithoutOneTime() const { return {address().device, signedKeys_, std::nullopt}; }

  Result<void> tryEstablish(const DeviceAddress& peer, const PreKeyBundle& bundle) {
    return commit([&](Transaction& transaction) { return rooms_->ratchet.establish(transaction, peer, bundle); });
  }
  // Adopts the peer's manifest and opens a session with a fresh bundle.
  void meet(TestDevice& peer) {
    adopt(peer.manifest());
    must(tryEstablish(peer.address(), peer.bundle()));
  }

  Result<Encrypted> trySend(const DeviceAddress& peer, std::string_view text) {
    return commit([&](Transaction& transaction) { return rooms_->ratchet.encrypt(transaction, peer, asBytes(text)); });
  }
  Encrypted send(TestDevice& peer, std::string_view text) { return must(trySend(peer.address(), text)); }

  Result<std::string> receive(const DeviceAddress& from, const Encrypted& message) {
    return receive(from, message.kind, message.ciphertext);
  }
  Result<std::string> receive(TestDevice& from, const Encrypted& message) { return receive(from.address(), message); }
  Result<std::string> receive(const DeviceAddress& from, CipherKind kind, ByteView ciphertext) {
    auto content =
        commit([&](Transaction& transaction) { return rooms_->ratchet.decrypt(transaction, from, kind, ciphertext); });
    if (!content) return tl::unexpected(content.error());
    return std::string(asText(content->view()));
  }
  void wipe(const DeviceAddress& peer) {
    commit([&](Transaction& transaction) { rooms_->ratchet.wipe(transaction, peer); });
  }
  Ratchet::Readiness readiness(TestDevice& peer) { return rooms_->ratchet.readiness(peer.address()); }

  void restart() {
    rooms_.reset();
    open();
  }
  // Copies the database aside, and puts the copy back.
  void snapshot() {
    rooms_.reset();
    std::filesystem::copy(directory_.path(), copies_ / "copy", std::filesystem::copy_options::recursive);
    open();
  }
  void restore() {
    rooms_.reset();
    std::filesystem::remove_all(directory_.path());
    std::filesystem::copy(copies_ / "copy", directory_.path(), std::filesystem::copy_options::recursive);
    open();
  }

 private:
  Database::Options options(Database::Existing existing) const {
    return {.path = directory_ / "profile.db", .key = key_, .existing = existing};
  }
  void open() {
    rooms_ =
        std::make_unique<Rooms>(must(openClientDatabase(options(Database::Existing::kMustExist))), clock_, random_);
  }

  TemporaryDirectory directory_{TemporaryDirectory::fastParent()};
  TemporaryDirectory copies_{TemporaryDirectory::fastParent()};
  Bytes key_ = Bytes(32, 0x5a);
  ManualClock& clock_;
  SeededRandom random_;
  std::unique_ptr<Rooms> rooms_;
  Bytes signedKeys_;
  std::vector<OneTimeKey> oneTime_;
  PreKeys::RelayStatus relay_;
};

}  // namespace waxwing::testing
