#include "store/client/settings.h"

namespace waxwing {

std::optional<SecretBytes> Settings::find(std::string_view name) {
  Rows rows = find_.query(name);
  if (!rows.next()) return std::nullopt;
  return rows.secret(0);
}

std::optional<std::int64_t> Settings::findInteger(std::string_view name) {
  const auto value = find(name);
  if (!value) return std::nullopt;
  ByteReader reader(value->view());
  const auto number = static_cast<std::int64_t>(reader.u64());
  if (!reader.atEnd()) throw StoreFailure(Errc::kDamaged, "a setting is not the number that it should be");
  return number;
}

void Settings::put(Transaction&, std::string_view name, ByteView value) { put_.run(name, value); }

void Settings::putInteger(Transaction&, std::string_view name, std::int64_t value) {
  put_.run(name, ByteWriter().u64(static_cast<std::uint64_t>(value)).take());
}

void Settings::remove(Transaction&, std::string_view name) { remove_.run(name); }

}  // namespace waxwing
