#include "tools/bench/forgeries.h"

#include <ctime>

#include "crypto/limits.h"
#include "tests/support/forged_message.h"

namespace waxwing::bench {

using testing::must;

Forgeries::Forgeries() {
  bob_.adopt(alice_.manifest());
  alice_.adopt(bob_.manifest());
  for (std::size_t i = 0; i <= limits::kArchivedStates; ++i) {
    must(alice_.tryEstablish(bob_.address(), bob_.bundleWithoutOneTime()));
    must(bob_.receive(alice_, alice_.send(bob_, "begin")));
  }
}

template <typename EffortOf>
Forgeries::Cost Forgeries::receive(std::size_t count, std::uint32_t counter, EffortOf effortOf) {
  std::vector<Bytes> messages;
  for (std::size_t i = 0; i < count; ++i) {
    messages.push_back(testing::forgedMessage(CurveKeyPair::generate(random_).publicKey(), counter));
  }
  Cost cost;
  const std::clock_t begin = std::clock();
  bob_.commit([&](Transaction& transaction) {
    for (const Bytes& message : messages) {
      const auto opened =
          bob_->ratchet.decrypt(transaction, alice_.address(), CipherKind::kMessage, message, effortOf());
      if (opened) throw std::logic_error("a forged message opens");
      const Errc code = opened.error().code;
      if (code == Errc::kCostly || code == Errc::kOverBudget) ++cost.deferred;
    }
  });
  cost.seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  return cost;
}

Forgeries::Cost Forgeries::atOnce(std::size_t count, std::uint32_t counter) {
  const std::uint64_t before = bob_->ratchet.workInVain();
  return receive(count, counter, [&] {
    const bool within = bob_->ratchet.workInVain() - before < limits::kWorkPerKeyClass;
    return within ? Ratchet::Effort::kLittle : Ratchet::Effort::kKnownChains;
  });
}

Forgeries::Cost Forgeries::late(std::size_t count, std::uint32_t counter) {
  const std::uint64_t before = bob_->ratchet.workInVain();
  return receive(count, counter, [&] {
    const bool within = bob_->ratchet.workInVain() - before < limits::kSlowWorkInVain;
    return within ? Ratchet::Effort::kFull : Ratchet::Effort::kKnownChains;
  });
}

}  // namespace waxwing::bench
