#include "store/client/refusal_table.h"
#include "tests/store/client/client_table_fixture.h"

namespace waxwing::testing {
namespace {

class ParkedTableTest : public ClientTableTest<ParkedTable> {
 protected:
  static DeviceAddress device(std::uint16_t account, std::uint8_t number = 1) {
    Bytes id(32, 7);
    id[0] = static_cast<std::uint8_t>(account);
    id[1] = static_cast<std::uint8_t>(account >> 8);
    return {AccountId::fromTrusted(id), DeviceId::fromTrusted(number)};
  }
  bool add(const DeviceAddress& from) {
    Transaction transaction(*db_, CommitPoint::kReceive);
    const bool added = table_->add(transaction, from, Bytes{1});
    transaction.commit();
    return added;
  }
  bool addOfStranger(const DeviceAddress& from) {
    Transaction transaction(*db_, CommitPoint::kReceive);
    const bool added = table_->addOfStranger(transaction, from, Bytes{1});
    transaction.commit();
    return added;
  }
};

TEST_F(ParkedTableTest, KeepsFewOfAStranger) {
  for (std::int64_t i = 0; i < ParkedTable::kMostPerStranger; ++i) {
    EXPECT_TRUE(addOfStranger(device(1, static_cast<std::uint8_t>(1 + i % 3)))) << i;
  }
  EXPECT_FALSE(addOfStranger(device(1)));
  EXPECT_TRUE(addOfStranger(device(2)));
  EXPECT_TRUE(add(device(1))) << "it is known by now";
}

TEST_F(ParkedTableTest, KeepsFewOfAllStrangers) {
  for (std::uint16_t i = 0; i < ParkedTable::kMostBesideStrangers; ++i) EXPECT_TRUE(addOfStranger(device(i))) << i;
  EXPECT_FALSE(addOfStranger(device(2000)));
  EXPECT_TRUE(add(device(2000))) << "contacts are not held back by strangers";
}

}  // namespace
}  // namespace waxwing::testing
