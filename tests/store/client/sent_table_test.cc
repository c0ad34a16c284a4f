#include "store/client/sent_table.h"

#include "tests/store/client/client_table_fixture.h"

namespace waxwing::testing {
namespace {

class SentTableTest : public ClientTableTest<SentTable> {
 protected:
  static StreamId stream(std::uint8_t first) { return *StreamId::from(Bytes{first, 2, 3, 4, 5, 6, 7, 8}); }
  void put(std::uint8_t firstOfStream, std::uint64_t sequence) {
    Transaction transaction(*db_, CommitPoint::kPrepare);
    table_->put(transaction, {device_, stream(firstOfStream), sequence}, EnvelopeId{}, 1, {}, Bytes{1});
    transaction.commit();
  }

  const DeviceAddress device_{AccountId::fromTrusted(Bytes(32, 7)), DeviceId::fromTrusted(1)};
};

TEST_F(SentTableTest, TheStreamUsedLastIsTheLast) {
  put(9, 1);
  put(5, 1);
  put(7, 1);
  EXPECT_EQ(table_->streams(device_), (std::vector{stream(9), stream(5), stream(7)}));
  put(5, 2);
  EXPECT_EQ(table_->streams(device_), (std::vector{stream(9), stream(7), stream(5)}));
}

TEST_F(SentTableTest, EndsOfFormerStreamsBeginWithTheOneUsedLast) {
  put(9, 3);
  put(5, 2);
  put(7, 1);
  const auto ends = table_->ends(device_, stream(7), 5);
  ASSERT_EQ(ends.size(), 2u);
  EXPECT_EQ(ends[0].stream, stream(5));
  EXPECT_EQ(ends[1].stream, stream(9));
  EXPECT_EQ(ends[1].sequence, 3u);
}

}  // namespace
}  // namespace waxwing::testing
