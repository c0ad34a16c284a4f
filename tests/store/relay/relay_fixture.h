#pragma once

#include <gmock/gmock.h>

#include <string>
#include <utility>

#include "store/relay/sqlcipher_mailbox_store.h"
#include "tests/store/store_fixture.h"

namespace waxwing::relay {

// A store, one account "alice" with devices, and short forms of the operations.
class RelayStoreTest : public waxwing::testing::StoreTest {
 protected:
  using Item = SubmitOutcome::Item;

  static DeviceId device(int id) { return DeviceId::fromTrusted(id); }
  static AccountId account(std::uint8_t name) { return AccountId::fromTrusted(Bytes(32, name)); }
  template <typename Fixed>
  static Fixed fixed(std::uint64_t number) {
    const Bytes bytes = ByteWriter().u64(number).zeros(Fixed::kSize - 8).take();
    return *Fixed::from(bytes);
  }
  static EnvelopeId envelopeId(std::uint64_t number) { return fixed<EnvelopeId>(number); }
  static SigningKey signingKey(int id) { return fixed<SigningKey>(static_cast<std::uint64_t>(id) + 7000); }
  static AccessKeyHash keyHash(std::uint64_t number) { return fixed<AccessKeyHash>(number); }

  static ManifestFacts manifest(std::uint64_t version, const std::vector<int>& devices,
                                const std::vector<int>& retired = {}, std::uint8_t name = 1) {
    ManifestFacts facts;
    facts.account = account(name);
    facts.version = version;
    facts.hash = fixed<Hash>(version);
    for (const int id : devices) facts.devices.push_back({device(id), signingKey(id)});
    for (const int id : retired) facts.retired.push_back(device(id));
    facts.bytes = Bytes(100, static_cast<std::uint8_t>(version));
    return facts;
  }

  void openStore(Database::Existing existing = Database::Existing::kMustExist) {
    store_.reset();
    SqlcipherStoreOptions options;
    options.path = path_;
    options.key = key_;
    options.existing = existing;
    options.limits = limits_;
    auto store = openSqlcipherStore(options, [this](CommitPoint point, CommitEdge edge) {
      if (hook_) hook_(point, edge);
    });
    if (!store) throw std::runtime_error(store.error().message);
    store_ = std::move(*store);
  }

  // Leaves the files as a crash at this moment would, and opens what is left.
  void crash() {
    const auto aside = directory_ / "aside";
    std::filesystem::create_directory(aside);
    for (const char* suffix : {"", "-wal", ".check"}) {
      std::filesystem::copy_file(path_.string() + suffix, aside / ("copy" + std::string(suffix)));
    }
    store_.reset();
    for (const char* suffix : {"", "-wal", ".check"}) {
      std::filesystem::rename(aside / ("copy" + std::string(suffix)), path_.string() + suffix);
    }
    std::filesystem::remove(path_.string() + "-shm");
    std::filesystem::remove_all(aside);
    openStore();
  }

  template <typename Op>
  auto run(Op operation) {
    constexpr std::size_t kIndex = Operation(Op{}).index();
    const std::vector<Operation> operations = {std::move(operation)};
    auto outcomes = store_->commit(operations);
    return std::get<kIndex>(std::move(outcomes.at(0)));
  }

  LoginRef login(int id, std::uint8_t name = 1) {
    const auto outcome = run(Login{{account(name), device(id)}, signingKey(id)});
    if (outcome.verdict != LoginOutcome::Verdict::kOk) throw std::runtime_error("login refused");
    return outcome.login;
  }

  // Alice with devices 1 and 2, contact key 1 and invite key 2.
  void openWithAlice() {
    openStore(Database::Existing::kMustNotExist);
    run(Register{manifest(10, {1, 2})});
    alice_ = login(1);
    run(SetAccessKeys{alice_, {keyHash(1)}, {keyHash(2)}});
  }

  static Envelope envelope(std::uint64_t id, int to = 1, std::size_t size = 20) {
    return {envelopeId(id), device(to), Bytes(size, static_cast<std::uint8_t>(id))};
  }
  static Submit batch(std::vector<Envelope> envelopes, std::uint64_t key = 1, std::uint64_t version = 10) {
    return {account(1), KeyHolder{keyHash(key), 1}, version, std::move(envelopes)};
  }
  Item submitOne(std::uint64_t id, int to = 1, std::uint64_t key = 1, std::size_t size = 20) {
    return run(batch({envelope(id, to, size)}, key)).items.at(0);
  }

  // The first bytes of the ids that wait, in order.
  std::vector<std::uint64_t> waiting(int id = 1) {
    std::vector<std::uint64_t> ids;
    for (const auto& item : store_->readPage({account(1), device(id)}, 0, {10'000, 1u << 30})) {
      ids.push_back(ByteReader(std::get<QueuedEnvelope>(item.content).id.view()).u64());
    }
    return ids;
  }
  Position position(int id = 1) { return store_->findPosition({account(1), device(id)}).value(); }

  StoreLimits limits_;
  std::function<void(CommitPoint, CommitEdge)> hook_;
  std::unique_ptr<MailboxStore> store_;
  LoginRef alice_;
};

}  // namespace waxwing::relay
