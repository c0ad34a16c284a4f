#include <gtest/gtest.h>

#include <signal/session_record.h>

#include "crypto/limits.h"
#include "session/device_keys.h"
#include "store/client/session_table.h"
#include "tests/session/forge.h"
#include "tests/support/forged_message.h"
#include "tests/support/vectors.h"
#include "tools/vectors/all_zero_points.h"

namespace waxwing::testing {
namespace {

using vectors::kAllZeroPoints;

// Every row of every table that a message could touch.
std::string tablesOf(Database& db) {
  std::string all;
  const auto add = [&](Sql sql) {
    Statement statement = db.prepare(sql);
    Rows rows = statement.query();
    while (rows.next()) all += rows.text(0) + "\n";
    all += "--\n";
  };
  add("SELECT quote(account) || quote(device) || quote(generation) || quote(record) FROM session ORDER BY 1");
  add("SELECT quote(base_key) || quote(born_at) FROM session_birth ORDER BY 1");
  add("SELECT quote(key) FROM spent_ratchet_key ORDER BY 1");
  add("SELECT quote(hash) || quote(signed_pre_key) FROM initial_message ORDER BY 1");
  add("SELECT quote(chain) || quote(counter) || quote(digest) FROM decrypted ORDER BY 1");
  add("SELECT quote(account) || quote(device) || quote(counter) FROM keys_seen ORDER BY 1");
  add("SELECT quote(account) || quote(signed) || quote(other) || quote(rejected) FROM manifest ORDER BY 1");
  add("SELECT quote(id) || quote(secret) || quote(destroy_at) FROM one_time_pre_key ORDER BY 1");
  add("SELECT quote(id) || quote(secret) || quote(destroy_at) FROM signed_pre_key ORDER BY 1");
  add("SELECT quote(number) || quote(anchor) || quote(generation) || quote(generation_digest) FROM anchor_head");
  return all;
}

CurveKey keyOf(std::string_view hex) { return *CurveKey::from(unhex(hex)); }

class Hardening : public ::testing::Test {
 protected:
  void SetUp() override {
    bob_.adopt(alice_.manifest());
    alice_.adopt(bob_.manifest());
  }
  // Alice begins, without a one-time key.
  Ratchet::Encrypted begin(std::string_view text) {
    must(alice_.tryEstablish(bob_.address(), bob_.bundleWithoutOneTime()));
    return alice_.send(bob_, text);
  }
  // Bob refuses the message with that code, and his database is as before.
  void expectRefused(CipherKind kind, const Bytes& ciphertext, Errc code) {
    const auto before = tablesOf(*bob_->db);
    EXPECT_EQ(codeOf(bob_.receive(alice_.address(), kind, ciphertext)), code);
    EXPECT_TRUE(tablesOf(*bob_->db) == before);
  }

  ManualClock clock_{kTestStart};
  TestDevice alice_{1, clock_};
  TestDevice bob_{2, clock_};
  TestDevice mallory_{3, clock_};
  Forge forge_;
};

// T-identity-poisoning
TEST_F(Hardening, IdentityPoisoning) {
  alice_.meet(bob_);
  const auto genuine = alice_.send(bob_, "genuine");
  auto forged = forge_.take(genuine.ciphertext);
  forged.identityKey = mallory_->self.identityKey();
  expectRefused(CipherKind::kPreKey, forge_.put(forged), Errc::kUntrustedIdentity);
  EXPECT_EQ(must(bob_.receive(alice_, genuine)), "genuine");
}

// What the library wrote before it failed is undone too: the one-time key it used, the session it made.
TEST_F(Hardening, AnAlteredInitialMessageLeavesNoTrace) {
  alice_.meet(bob_);
  const auto genuine = alice_.send(bob_, "genuine");
  auto parts = forge_.take(genuine.ciphertext);
  expectRefused(CipherKind::kPreKey, forge_.put(parts, forge_.placeOf(genuine).ratchetKey, 0), Errc::kUndecryptable);
  parts.signedPreKeyId ^= 1;
  expectRefused(CipherKind::kPreKey, forge_.put(parts), Errc::kUnknownPreKey);
  EXPECT_EQ(must(bob_.receive(alice_, genuine)), "genuine");
}

TEST_F(Hardening, EveryFlippedByteAndEveryCutIsRefusedWithoutTrace) {
  alice_.meet(bob_);
  must(bob_.receive(alice_, alice_.send(bob_, "first")));
  must(alice_.receive(bob_, bob_.send(alice_, "answer")));
  const auto genuine = alice_.send(bob_, "genuine");
  ASSERT_EQ(genuine.kind, CipherKind::kMessage);
  const auto before = tablesOf(*bob_->db);
  for (std::size_t i = 0; i < genuine.ciphertext.size(); ++i) {
    auto altered = genuine.ciphertext;
    altered[i] ^= 0x21;
    EXPECT_FALSE(bob_.receive(alice_.address(), genuine.kind, altered)) << i;
    EXPECT_FALSE(bob_.receive(alice_.address(), genuine.kind, ByteView(genuine.ciphertext).first(i))) << i;
  }
  EXPECT_TRUE(tablesOf(*bob_->db) == before);
  EXPECT_EQ(must(bob_.receive(alice_, genuine)), "genuine");
}

// T-key-gate: in messages
TEST_F(Hardening, KeyGateOfMessages) {
  alice_.meet(bob_);
  const auto genuine = alice_.send(bob_, "genuine");
  for (const auto point : kAllZeroPoints) {
    const auto bad = keyOf(point);
    auto parts = forge_.take(genuine.ciphertext);
    parts.identityKey = bad;
    expectRefused(CipherKind::kPreKey, forge_.put(parts), Errc::kBadKey);
    parts = forge_.take(genuine.ciphertext);
    parts.baseKey = bad;
    expectRefused(CipherKind::kPreKey, forge_.put(parts), Errc::kBadKey);
    expectRefused(CipherKind::kPreKey, forge_.put(forge_.take(genuine.ciphertext), bad, 0), Errc::kBadKey);
    expectRefused(CipherKind::kMessage, forge_.plain(bad, 0), Errc::kBadKey);
  }
  EXPECT_EQ(must(bob_.receive(alice_, genuine)), "genuine");
}

// T-key-gate: in what a relay hands out
TEST_F(Hardening, KeyGateOfBundles) {
  SeededRandom random(4);
  const SignalContext signal(random);
  const auto offered = SignedKeys::peek(bob_.bundle().signedKeys);
  const auto before = tablesOf(*alice_->db);
  const auto expectRefusedBundle = [&](const PublishedKeys& keys, const std::optional<OneTimeKey>& oneTime) {
    const auto signedKeys = must(SignedKeys::sign(keys, bob_->self.signingKey()));
    const PreKeyBundle bundle{bob_.address().device, toBytes(signedKeys.bytes()), oneTime};
    EXPECT_EQ(codeOf(alice_.tryEstablish(bob_.address(), bundle)), Errc::kBadKey);
    EXPECT_TRUE(tablesOf(*alice_->db) == before);
  };
  for (const auto point : kAllZeroPoints) {
    auto keys = *offered;
    keys.signedPreKey = keyOf(point);
    const auto body = ByteWriter().u8(kCurveKeyType).raw(keys.signedPreKey.view()).take();
    keys.signedPreKeySignature = signal.signXeddsaRaw(bob_->self.identitySecret(), body);
    expectRefusedBundle(keys, std::nullopt);
    keys = *offered;
    keys.sealKeys[0].key = keyOf(point);
    expectRefusedBundle(keys, std::nullopt);
    expectRefusedBundle(*offered, OneTimeKey{7, keyOf(point)});
  }
}

// T-key-gate: in manifests
TEST_F(Hardening, KeyGateOfManifests) {
  for (const auto point : kAllZeroPoints) {
    auto manifest = bob_.manifest().manifest();
    manifest.devices[0].identityKey = keyOf(point);
    EXPECT_EQ(codeOf(SignedManifest::sign(manifest, *bob_->self.accountKey())), Errc::kBadKey);
    manifest = bob_.manifest().manifest();
    manifest.devices[0].signingKey.bytes = keyOf(point).bytes;
    EXPECT_FALSE(SignedManifest::sign(manifest, *bob_->self.accountKey()));
  }
}

// T-initial-replay
TEST_F(Hardening, InitialReplayAtOnceAndAfterRestart) {
  const auto first = begin("once");
  EXPECT_EQ(must(bob_.receive(alice_, first)), "once");
  EXPECT_EQ(codeOf(bob_.receive(alice_, first)), Errc::kDuplicate);
  bob_.restart();
  EXPECT_EQ(codeOf(bob_.receive(alice_, first)), Errc::kDuplicate);
}

TEST_F(Hardening, InitialReplayAfterDelete) {
  const auto first = begin("once");
  must(bob_.receive(alice_, first));
  bob_.wipe(alice_.address());
  expectRefused(first.kind, first.ciphertext, Errc::kInitialReplay);
  bob_.restart();
  expectRefused(first.kind, first.ciphertext, Errc::kInitialReplay);
}

TEST_F(Hardening, InitialReplayAfterManySessions) {
  const auto first = begin("once");
  must(bob_.receive(alice_, first));
  for (int i = 0; i < 42; ++i) must(bob_.receive(alice_, begin("again")));
  expectRefused(first.kind, first.ciphertext, Errc::kInitialReplay);
}

TEST_F(Hardening, TheSecondMessageOfAnUnansweredSessionIsNoReplay) {
  const auto first = begin("first");
  const auto second = alice_.send(bob_, "second");
  ASSERT_EQ(second.kind, CipherKind::kPreKey);
  EXPECT_EQ(must(bob_.receive(alice_, second)), "second");
  EXPECT_EQ(must(bob_.receive(alice_, first)), "first");
}

TEST_F(Hardening, InitialReplayMemoryEndsWithItsSignedPreKey) {
  const auto first = begin("once");
  must(bob_.receive(alice_, first));
  bob_.wipe(alice_.address());
  clock_.advance(limits::kKeyRotation);
  bob_.publish();
  const auto passADay = [&] {
    clock_.advance(limits::kDay);
    bob_.commit([&](Transaction& transaction) { bob_->preKeys.destroyExpired(transaction); });
  };
  constexpr auto kKept = limits::kRetention + limits::kPrivateKeysKeptAfterRetention;
  for (auto passed = limits::kDay; passed < kKept; passed += limits::kDay) passADay();
  expectRefused(first.kind, first.ciphertext, Errc::kInitialReplay);
  passADay();
  passADay();
  expectRefused(first.kind, first.ciphertext, Errc::kUnknownPreKey);
}

// T-revoked-device
TEST_F(Hardening, RevokedDevice) {
  TestDevice second(5, clock_, bob_);
  alice_.adopt(bob_.manifest());
  second.adopt(alice_.manifest());
  must(alice_.tryEstablish(second.address(), second.bundle()));
  must(second.receive(alice_, alice_.send(second, "hello")));
  const auto late = second.send(alice_, "from the thief");
  const auto adoption = alice_.adopt(bob_.retire(second.address().device));
  EXPECT_EQ(adoption.retired, std::vector{second.address().device});
  EXPECT_EQ(codeOf(alice_.trySend(second.address(), "secret")), Errc::kRetiredDevice);
  EXPECT_EQ(codeOf(alice_.receive(second, late)), Errc::kRetiredDevice);
  EXPECT_EQ(codeOf(alice_.tryEstablish(second.address(), second.bundle())), Errc::kRetiredDevice);
  EXPECT_EQ(alice_.readiness(second), Ratchet::Readiness::kNotVouched);
  alice_.wipe(second.address());
  EXPECT_TRUE(alice_->ratchet.checkGenerations());
}

// T-stale-session
TEST_F(Hardening, StaleSession) {
  EXPECT_EQ(alice_.readiness(bob_), Ratchet::Readiness::kNone);
  alice_.meet(bob_);
  EXPECT_EQ(alice_.readiness(bob_), Ratchet::Readiness::kReady);
  clock_.advance(limits::kUnacknowledgedSessionAge + std::chrono::hours(1));
  EXPECT_EQ(alice_.readiness(bob_), Ratchet::Readiness::kWantsFresh);
  bob_.publish();
  must(alice_.tryEstablish(bob_.address(), bob_.bundle()));
  EXPECT_EQ(alice_.readiness(bob_), Ratchet::Readiness::kReady);
  must(bob_.receive(alice_, alice_.send(bob_, "hello")));
  must(alice_.receive(bob_, bob_.send(alice_, "answer")));
  clock_.advance(10 * limits::kUnacknowledgedSessionAge);
  EXPECT_EQ(alice_.readiness(bob_), Ratchet::Readiness::kReady);
}

TEST_F(Hardening, ALongChainWantsAFreshSession) {
  alice_.meet(bob_);
  Transaction transaction(*alice_->db, CommitPoint::kPrepare);
  const auto send = [&] { must(alice_->ratchet.encrypt(transaction, bob_.address(), {})); };
  for (std::uint32_t i = 0; i < limits::kSenderChainIndex - 1; ++i) send();
  EXPECT_EQ(alice_.readiness(bob_), Ratchet::Readiness::kReady);
  EXPECT_TRUE(alice_->ratchet.takeAgeing().empty());
  send();
  EXPECT_EQ(alice_.readiness(bob_), Ratchet::Readiness::kWantsFresh);
  EXPECT_EQ(alice_->ratchet.takeAgeing().at(bob_.address()), Ratchet::Ageing::kLongChain);
  EXPECT_TRUE(alice_->ratchet.takeAgeing().empty());
}

// T-inner-identity: the vouched key outside, the body from the session of a key that was replaced.
TEST_F(Hardening, InnerIdentity) {
  TestDevice thief(5, clock_, alice_);
  bob_.adopt(alice_.manifest());
  thief.adopt(bob_.manifest());
  must(thief.tryEstablish(bob_.address(), bob_.bundle()));
  must(bob_.receive(thief, thief.send(bob_, "before")));
  const auto stolen = thief.send(bob_, "after");

  auto manifest = alice_.manifest().manifest();
  SeededRandom random(6);
  for (auto& entry : manifest.devices) {
    if (entry.id != thief.address().device) continue;
    entry = manifestEntry(makeDeviceKeys(thief.address(), random), SignalContext(random));
  }
  const auto adoption = bob_.adopt(alice_.reissue(manifest));
  EXPECT_EQ(adoption.retired, std::vector{thief.address().device});

  auto forged = forge_.take(stolen.ciphertext);
  forged.identityKey = must(bob_->manifests.listed(thief.address())).identityKey;
  const auto before = tablesOf(*bob_->db);
  EXPECT_EQ(codeOf(bob_.receive(thief.address(), CipherKind::kPreKey, forge_.put(forged))), Errc::kUntrustedIdentity);
  EXPECT_EQ(codeOf(bob_.receive(thief, stolen)), Errc::kUntrustedIdentity);
  EXPECT_TRUE(tablesOf(*bob_->db) == before);
  EXPECT_EQ(codeOf(bob_.trySend(thief.address(), "secret")), Errc::kNoSession);
}

// T-misbinding
TEST_F(Hardening, Misbinding) {
  auto manifest = mallory_.manifest().manifest();
  const auto mine = manifest.devices[0];
  const auto bobs = bob_.manifest()->devices[0];
  manifest.devices[0].identityKey = bobs.identityKey;
  EXPECT_EQ(codeOf(SignedManifest::sign(manifest, *mallory_->self.accountKey())), Errc::kBadBinding);
  manifest.devices[0].identityBinding = bobs.identityBinding;
  EXPECT_EQ(codeOf(SignedManifest::sign(manifest, *mallory_->self.accountKey())), Errc::kBadBinding);
  manifest.devices[0] = bobs;
  EXPECT_EQ(codeOf(SignedManifest::sign(manifest, *mallory_->self.accountKey())), Errc::kBadBinding);
  manifest.devices[0] = mine;
  EXPECT_TRUE(SignedManifest::sign(manifest, *mallory_->self.accountKey()));
}

// S + L in place of S, which a lenient verifier takes for the same signature. `signBit`: what XEdDSA keeps in the top
// bit.
Signature malleated(const Signature& signature) {
  static const auto order = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  auto result = signature;
  const auto signBit = static_cast<std::uint8_t>(signature.bytes[63] & 0x80);
  result.bytes[63] = static_cast<std::uint8_t>(result.bytes[63] & 0x7f);
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += result.bytes[32 + i] + order[i];
    result.bytes[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  result.bytes[63] |= signBit;
  return result;
}

// T-malleability
TEST_F(Hardening, Malleability) {
  const auto held = bob_.manifest();
  const auto signature = *Signature::from(held.bytes().first(Signature::kSize));
  const auto message = held.bytes().subspan(Signature::kSize);
  EXPECT_EQ(codeOf(SignedManifest::parse(ByteWriter().raw(malleated(signature).view()).raw(message).take())),
            Errc::kBadSignature);
  for (const auto member : {&ManifestDevice::identityBinding, &ManifestDevice::signingBinding}) {
    auto manifest = held.manifest();
    manifest.devices[0].*member = malleated(manifest.devices[0].*member);
    EXPECT_EQ(codeOf(SignedManifest::sign(manifest, *bob_->self.accountKey())), Errc::kBadBinding);
  }
  auto keys = must(SignedKeys::peek(bob_.bundle().signedKeys));
  keys.signedPreKeySignature = malleated(keys.signedPreKeySignature);
  const auto signedKeys = must(SignedKeys::sign(keys, bob_->self.signingKey()));
  EXPECT_EQ(codeOf(SignedKeys::parse(signedKeys.bytes(), bob_.address().account, held->devices[0])),
            Errc::kBadSignature);
}

TEST_F(Hardening, AnotherCiphertextUnderAUsedKeyIsTold) {
  alice_.meet(bob_);
  must(bob_.receive(alice_, alice_.send(bob_, "first")));
  must(alice_.receive(bob_, bob_.send(alice_, "answer")));
  const auto message = alice_.send(bob_, "second");
  must(bob_.receive(alice_, message));
  EXPECT_EQ(codeOf(bob_.receive(alice_, message)), Errc::kDuplicate);
  auto other = message.ciphertext;
  other.back() ^= 1;
  EXPECT_EQ(codeOf(bob_.receive(alice_.address(), message.kind, other)), Errc::kKeyReuse);
}

TEST_F(Hardening, ANewChainFarAlongIsRefusedBeforeItCosts) {
  alice_.meet(bob_);
  const auto first = alice_.send(bob_, "first");
  must(bob_.receive(alice_, first));
  SeededRandom random(8);
  const auto stranger = CurveKeyPair::generate(random).publicKey();
  expectRefused(CipherKind::kMessage, forge_.plain(stranger, limits::kUnknownChainCounter + 1), Errc::kCounterTooFar);
  expectRefused(CipherKind::kMessage, forge_.plain(stranger, 3), Errc::kUndecryptable);
  auto parts = forge_.take(first.ciphertext);
  expectRefused(CipherKind::kPreKey, forge_.put(parts, stranger, limits::kUnknownChainCounter + 1),
                Errc::kCounterTooFar);
}

std::size_t archivedStates(TestDevice& device, const DeviceAddress& peer) {
  SeededRandom random(9);
  const SignalContext signal(random);
  const auto bytes = SessionTable(*device->db).findRecord(peer);
  SignalRef<session_record> record;
  requireSignal(session_record_deserialize(record.out(), bytes->view().data(), bytes->size(), signal.get()));
  std::size_t count = 0;
  for (auto* node = session_record_get_previous_states_head(record.get()); node != nullptr;
       node = session_record_get_previous_states_next(node)) {
    ++count;
  }
  return count;
}

TEST_F(Hardening, FiveArchivedStatesAreKept) {
  std::vector<Ratchet::Encrypted> unread;
  for (int i = 0; i < 9; ++i) {
    must(bob_.receive(alice_, begin("begin " + std::to_string(i))));
    unread.push_back(alice_.send(bob_, "late " + std::to_string(i)));
  }
  EXPECT_EQ(archivedStates(alice_, bob_.address()), limits::kArchivedStates);
  EXPECT_EQ(archivedStates(bob_, alice_.address()), limits::kArchivedStates);
  // The newest six still read what is under way, the older ones are gone for good.
  for (std::size_t i = 0; i < unread.size(); ++i) {
    EXPECT_EQ(codeOf(bob_.receive(alice_, unread[i])), i < 3 ? Errc::kInitialReplay : Errc{}) << i;
  }
}

// T-forgery-cost: what the library does for a forged message, counted in HMACs, which are most of it.
class ForgeryCost : public Hardening {
 protected:
  static constexpr int kForged = 1'000;

  void SetUp() override {
    Hardening::SetUp();
    for (std::size_t i = 0; i <= limits::kArchivedStates; ++i) must(bob_.receive(alice_, begin("begin")));
    ASSERT_EQ(archivedStates(bob_, alice_.address()), limits::kArchivedStates);
  }
  Bytes forged(std::uint32_t counter) { return forgedMessage(CurveKeyPair::generate(random_).publicKey(), counter); }
  struct Cost {
    std::uint64_t hmacs = 0;
    std::uint64_t work = 0;
    int costly = 0;
    int undecryptable = 0;
  };
  // Bob gets forged messages in Alice's name, with these counters in turn.
  Cost receive(std::vector<std::uint32_t> counters, Ratchet::Effort effort, int count) {
    Cost cost;
    const std::uint64_t hmacs = bob_->ratchet.hmacs();
    const std::uint64_t work = bob_->ratchet.workInVain();
    bob_.commit([&](Transaction& transaction) {
      for (int i = 0; i < count; ++i) {
        const auto message = forged(counters[static_cast<std::size_t>(i) % counters.size()]);
        const auto result = bob_->ratchet.decrypt(transaction, alice_.address(), CipherKind::kMessage, message, effort);
        if (codeOf(result) == Errc::kCostly || codeOf(result) == Errc::kOverBudget) ++cost.costly;
        if (codeOf(result) == Errc::kUndecryptable) ++cost.undecryptable;
      }
    });
    cost.hmacs = bob_->ratchet.hmacs() - hmacs;
    cost.work = bob_->ratchet.workInVain() - work;
    return cost;
  }

  SeededRandom random_{77};
};

TEST_F(ForgeryCost, BeyondTheBudgetNothingIsSpent) {
  const auto honest = alice_.send(bob_, "honest");
  const auto before = tablesOf(*bob_->db);
  const Cost cost = receive({0, 50, 100, 2'000}, Ratchet::Effort::kKnownChains, kForged);
  EXPECT_EQ(cost.costly, kForged);
  EXPECT_EQ(cost.hmacs, 0u);
  EXPECT_EQ(cost.work, 0u);
  EXPECT_TRUE(tablesOf(*bob_->db) == before);
  auto got = bob_.commit([&](Transaction& transaction) {
    return bob_->ratchet.decrypt(transaction, alice_.address(), honest.kind, honest.ciphertext,
                                 Ratchet::Effort::kKnownChains);
  });
  EXPECT_EQ(asText(must(std::move(got)).view()), "honest");
}

TEST_F(ForgeryCost, ALongNewChainIsNotTriedAtOnce) {
  const Cost cost = receive({101, 2'000}, Ratchet::Effort::kLittle, kForged);
  EXPECT_EQ(cost.costly, kForged);
  EXPECT_EQ(cost.hmacs, 0u);
}

// The work that is charged is what is done: at most so many HMACs for a step, and for the turn before the first.
TEST_F(ForgeryCost, WorkIsCountedAsItIsDone) {
  constexpr std::uint64_t kStates = limits::kArchivedStates + 1;
  for (const std::uint32_t counter : {0u, 10u, 100u, 2'000u}) {
    const Cost cost = receive({counter}, Ratchet::Effort::kFull, 3);
    EXPECT_EQ(cost.undecryptable, 3);
    EXPECT_EQ(cost.work, 3 * kStates * (limits::kTurnWork + counter)) << counter;
    EXPECT_GE(cost.hmacs, 3 * kStates * counter) << counter;
    EXPECT_LE(cost.hmacs, 3 * kStates * (30 + std::uint64_t{6} * counter)) << counter;
  }
}

// As the inbox does it: a little effort until the budget is used up.
TEST_F(ForgeryCost, AThousandCostNoMoreThanTheBudget) {
  std::uint64_t work = 0, hmacs = 0;
  for (int i = 0; i < kForged; ++i) {
    const auto effort = work < limits::kWorkPerKeyClass ? Ratchet::Effort::kLittle : Ratchet::Effort::kKnownChains;
    const Cost cost = receive({static_cast<std::uint32_t>(i) % 101}, effort, 1);
    work += cost.work;
    hmacs += cost.hmacs;
  }
  EXPECT_GE(work, limits::kWorkPerKeyClass);
  EXPECT_LE(work, limits::kWorkPerKeyClass + 6 * (limits::kTurnWork + limits::kUnknownChainCounterAtOnce));
  EXPECT_LE(hmacs, 6 * work);
}

TEST_F(ForgeryCost, AGenuineOneFarAlongTakesTheFullEffort) {
  must(alice_.receive(bob_, bob_.send(alice_, "a turn")));
  std::vector<Ratchet::Encrypted> sent;
  for (std::uint32_t i = 0; i <= limits::kUnknownChainCounterAtOnce + 1; ++i) sent.push_back(alice_.send(bob_, "late"));
  const auto open = [&](const Ratchet::Encrypted& message, Ratchet::Effort effort) {
    return bob_.commit([&](Transaction& transaction) {
      return bob_->ratchet.decrypt(transaction, alice_.address(), message.kind, message.ciphertext, effort);
    });
  };
  EXPECT_EQ(codeOf(open(sent.back(), Ratchet::Effort::kLittle)), Errc::kCostly);
  EXPECT_TRUE(open(sent.back(), Ratchet::Effort::kFull));
  EXPECT_TRUE(open(sent.front(), Ratchet::Effort::kKnownChains));
  EXPECT_EQ(bob_->ratchet.workInVain(), 0u);
}

// T-record-cap. Each gap makes the record keep the keys of what never came.
class RecordCap : public Hardening {
 protected:
  static constexpr int kGap = 1'900;

  std::size_t size() { return SessionTable(*bob_->db).recordBytes(alice_.address()); }
  // Alice sends that many; the last alone arrives. What did not.
  std::vector<Ratchet::Encrypted> leaveGap() {
    std::vector<Ratchet::Encrypted> lost;
    alice_.commit([&](Transaction& transaction) {
      for (int i = 0; i <= kGap; ++i) {
        lost.push_back(must(alice_->ratchet.encrypt(transaction, bob_.address(), asBytes("gap"))));
      }
    });
    must(bob_.receive(alice_, lost.back()));
    lost.pop_back();
    return lost;
  }
};

TEST_F(RecordCap, TheOldestArchivedStatesGoFirst) {
  begin("first");
  const auto first = leaveGap();
  EXPECT_GT(size(), limits::kSessionRecordBytes / 2);
  begin("second");
  const auto second = leaveGap();
  EXPECT_LE(size(), limits::kSessionRecordBytes);
  EXPECT_EQ(archivedStates(bob_, alice_.address()), 0u);
  EXPECT_EQ(bob_.readiness(alice_), Ratchet::Readiness::kReady);
  EXPECT_TRUE(bob_->ratchet.takeAgeing().empty());
  EXPECT_EQ(must(bob_.receive(alice_, second.front())), "gap");
  EXPECT_EQ(codeOf(bob_.receive(alice_, first.front())), Errc::kInitialReplay);
}

TEST_F(RecordCap, ASessionThatIsTooLargeAloneIsOpenedAnew) {
  begin("first");
  const auto first = leaveGap();
  must(alice_.receive(bob_, bob_.send(alice_, "answer")));
  const auto second = leaveGap();
  EXPECT_GT(size(), limits::kSessionRecordBytes);
  EXPECT_EQ(bob_.readiness(alice_), Ratchet::Readiness::kWantsFresh);
  EXPECT_EQ(bob_->ratchet.takeAgeing().at(alice_.address()), Ratchet::Ageing::kLargeRecord);
  EXPECT_EQ(must(bob_.receive(alice_, first.front())), "gap");
  must(alice_.receive(bob_, bob_.send(alice_, "still possible")));

  must(bob_.tryEstablish(alice_.address(), alice_.bundle()));
  EXPECT_LE(size(), limits::kSessionRecordBytes);
  EXPECT_EQ(bob_.readiness(alice_), Ratchet::Readiness::kReady);
  must(alice_.receive(bob_, bob_.send(alice_, "anew")));
  EXPECT_EQ(must(bob_.receive(alice_, alice_.send(bob_, "and back"))), "and back");
  EXPECT_FALSE(bob_.receive(alice_, second.front()));
}

TEST_F(Hardening, SplicedSessionsAreFound) {
  alice_.meet(bob_);
  alice_.meet(mallory_);
  alice_.send(bob_, "one");
  EXPECT_TRUE(alice_->ratchet.checkGenerations());
  alice_.restart();
  EXPECT_TRUE(alice_->ratchet.checkGenerations());
  alice_.wipe(mallory_.address());
  EXPECT_TRUE(alice_->ratchet.checkGenerations());
  alice_->db->script("UPDATE session SET generation = generation - 1");
  EXPECT_EQ(codeOf(alice_->ratchet.checkGenerations()), Errc::kDamaged);
  alice_->db->script("UPDATE session SET generation = generation + 1");
  EXPECT_TRUE(alice_->ratchet.checkGenerations());
  alice_->db->script("DELETE FROM session");
  EXPECT_EQ(codeOf(alice_->ratchet.checkGenerations()), Errc::kDamaged);
}

TEST_F(Hardening, ReplacedKeysAreStale) {
  const auto old = bob_.bundleWithoutOneTime();
  clock_.advance(limits::kKeyRotation);
  bob_.publish();
  must(alice_.tryEstablish(bob_.address(), bob_.bundle()));
  EXPECT_EQ(codeOf(alice_.tryEstablish(bob_.address(), old)), Errc::kStaleKeys);
  must(alice_.tryEstablish(bob_.address(), bob_.bundle()));
  const auto accepted = alice_.commit([&](Transaction& transaction) {
    return alice_->ratchet.acceptKeys(transaction, bob_.address(), old.signedKeys);
  });
  EXPECT_EQ(codeOf(accepted), Errc::kStaleKeys);
}

TEST_F(Hardening, BundlesOfOthersAreRefused) {
  auto mallorys = mallory_.bundle();
  EXPECT_EQ(codeOf(alice_.tryEstablish(bob_.address(), mallorys)), Errc::kBadSignature);
  EXPECT_EQ(codeOf(alice_.tryEstablish(mallory_.address(), mallorys)), Errc::kUnlistedDevice);
  mallorys.device = DeviceId::fromTrusted(9);
  EXPECT_EQ(codeOf(alice_.tryEstablish(bob_.address(), mallorys)), Errc::kMalformed);
}

// An equivocating account is read and not written to.
TEST_F(Hardening, NothingIsEncryptedToAnEquivocatingAccount) {
  alice_.meet(bob_);
  must(bob_.receive(alice_, alice_.send(bob_, "hello")));
  auto other = bob_.manifest().manifest();
  other.previousHash.bytes.fill(1);
  alice_.adopt(must(SignedManifest::sign(other, *bob_->self.accountKey())));
  EXPECT_EQ(codeOf(alice_.trySend(bob_.address(), "x")), Errc::kEquivocation);
  EXPECT_EQ(codeOf(alice_.tryEstablish(bob_.address(), bob_.bundle())), Errc::kEquivocation);
  EXPECT_EQ(alice_.readiness(bob_), Ratchet::Readiness::kNotVouched);
  EXPECT_EQ(must(alice_.receive(bob_, bob_.send(alice_, "still here"))), "still here");
}

}  // namespace
}  // namespace waxwing::testing
