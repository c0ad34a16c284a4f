#include "crypto/secret.h"

#include <type_traits>

#include <gtest/gtest.h>

namespace waxwing {
namespace {

template <typename T>
concept Comparable = requires(const T& a, const T& b) {
  a == b;
};

template <typename T>
constexpr bool kIsASecret =
    !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> && std::is_nothrow_move_constructible_v<T> &&
    std::is_nothrow_move_assignable_v<T> && !Comparable<T>;

static_assert(kIsASecret<GuardedMemory>);
static_assert(kIsASecret<SecretArray<32>>);
static_assert(kIsASecret<SecretBytes>);

bool isZero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

TEST(Secret, wipeZeroes) {
  Bytes bytes(100, 7);
  wipe(bytes);
  EXPECT_TRUE(isZero(bytes));
  wipe({});
}

TEST(Secret, constantTimeEqualComparesContentsAndLengths) {
  EXPECT_TRUE(constantTimeEqual(asBytes("abc"), asBytes("abc")));
  EXPECT_FALSE(constantTimeEqual(asBytes("abc"), asBytes("abd")));
  EXPECT_FALSE(constantTimeEqual(asBytes("abc"), asBytes("ab")));
  EXPECT_TRUE(constantTimeEqual({}, {}));
}

TEST(Secret, guardedMemoryMoves) {
  GuardedMemory first(3);
  EXPECT_TRUE(isZero(first.view()));
  std::ranges::copy(asBytes("abc"), first.span().begin());
  GuardedMemory second(std::move(first));
  EXPECT_TRUE(first.view().empty());
  EXPECT_EQ(asText(second.view()), "abc");
  GuardedMemory third(10);
  third = std::move(second);
  EXPECT_EQ(asText(third.view()), "abc");
  second = GuardedMemory(1);
  EXPECT_EQ(second.view().size(), 1u);
}

TEST(Secret, arrayMovedFromIsWiped) {
  auto first = SecretArray<3>::from(asBytes("abc"));
  ASSERT_TRUE(first);
  SecretArray<3> second(std::move(*first));
  EXPECT_TRUE(isZero(first->view()));
  EXPECT_EQ(asText(second.view()), "abc");
  SecretArray<3> third;
  third = std::move(second);
  EXPECT_TRUE(isZero(second.view()));
  EXPECT_EQ(asText(third.view()), "abc");
}

// Out of the optimiser's sight: what an object leaves behind is read below.
[[gnu::noipa]] void destroy(SecretArray<16>* secret) { secret->~SecretArray(); }

TEST(Secret, arrayIsWipedAtTheEndOfItsScope) {
  alignas(SecretArray<16>) std::uint8_t place[sizeof(SecretArray<16>)];
  auto* const secret = new (place) SecretArray<16>();
  std::ranges::fill(secret->span(), std::uint8_t{7});
  destroy(secret);
  EXPECT_TRUE(isZero(place));
}

TEST(Secret, arrayHasExactlyItsSize) {
  EXPECT_FALSE(SecretArray<3>::from(asBytes("ab")));
  EXPECT_FALSE(SecretArray<3>::from(asBytes("abcd")));
}

TEST(Secret, clonesStandAlone) {
  SecretBytes first(asBytes("abc"));
  const SecretBytes second = first.clone();
  first.span()[0] = 'x';
  EXPECT_EQ(asText(second.view()), "abc");
}

TEST(Secret, truncateKeepsTheHead) {
  SecretBytes bytes(asBytes("abcdef"));
  bytes.truncate(2);
  EXPECT_EQ(asText(bytes.view()), "ab");
  bytes.truncate(0);
  EXPECT_TRUE(bytes.empty());
}

}  // namespace
}  // namespace waxwing
