#include "store/key_check.h"

#include "crypto/hash.h"
#include "store/files.h"

namespace waxwing {
namespace {

constexpr std::string_view kHead = "waxwing-check-1\n";

Bytes expectedFile(ByteView key) {
  const auto subkey = deriveKey(key, "database-check");
  const Hash value = keyedHash(subkey.view(), asBytes(kHead));
  return ByteWriter().raw(asBytes(kHead)).raw(value.view()).take();
}

std::filesystem::path checkPath(const std::filesystem::path& database) { return withSuffix(database, ".check"); }

}  // namespace

KeyCheck checkKey(const std::filesystem::path& database, ByteView key) {
  const Bytes expected = expectedFile(key);
  const auto found = readSmallFile(checkPath(database), expected.size());
  if (!found) return KeyCheck::kAbsent;
  return constantTimeEqual(*found, expected) ? KeyCheck::kMatches : KeyCheck::kDiffers;
}

Result<void> writeKeyCheck(const std::filesystem::path& database, ByteView key) {
  return replaceFile(checkPath(database), expectedFile(key));
}

}  // namespace waxwing
