#include "tests/sim/sim_disk_file.h"

#include <algorithm>
#include <utility>

namespace waxwing::testing {

std::size_t SimDiskFile::read(std::span<std::uint8_t> out, std::size_t offset) const {
  if (offset >= content_.size()) return 0;
  const std::size_t size = std::min(out.size(), content_.size() - offset);
  std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(offset), size, out.begin());
  return size;
}

void SimDiskFile::write(ByteView bytes, std::size_t offset) {
  Change change{.offset = offset, .before = {}, .after = toBytes(bytes), .sizeBefore = content_.size()};
  if (offset < content_.size()) {
    const std::size_t known = std::min(bytes.size(), content_.size() - offset);
    change.before = toBytes(ByteView(content_).subspan(offset, known));
  }
  put(bytes, offset);
  unsynced_.push_back(std::move(change));
}

void SimDiskFile::truncate(std::size_t size) {
  if (size >= content_.size()) return;
  unsynced_.push_back({.offset = size,
                       .before = toBytes(ByteView(content_).subspan(size)),
                       .after = {},
                       .sizeBefore = content_.size(),
                       .kind = Change::Kind::kTruncate});
  content_.resize(size);
}

void SimDiskFile::losePower(Random& random) {
  const std::vector<Change> changes = std::exchange(unsynced_, {});
  if (changes.empty()) return;
  const auto survival = static_cast<Survival>(random.below(4));
  if (survival == Survival::kAll) return;
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) undo(*change);
  if (survival == Survival::kNothing) return;
  const std::size_t whole = survival == Survival::kBeginning ? random.below(changes.size()) : 0;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    if (i < whole) {
      if (change.kind == Change::Kind::kTruncate) {
        content_.resize(change.offset);
      } else {
        put(change.after, change.offset);
      }
    } else {
      redoInPart(change, random);
      if (survival == Survival::kBeginning) return;
    }
  }
}

void SimDiskFile::replace(Bytes content) {
  content_ = std::move(content);
  unsynced_.clear();
}

void SimDiskFile::undo(const Change& change) {
  content_.resize(change.sizeBefore);
  std::ranges::copy(change.before, content_.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

void SimDiskFile::put(ByteView bytes, std::size_t offset) {
  if (content_.size() < offset + bytes.size()) content_.resize(offset + bytes.size());
  std::ranges::copy(bytes, content_.begin() + static_cast<std::ptrdiff_t>(offset));
}

// Sector by sector; one of them may be torn at any byte.
void SimDiskFile::redoInPart(const Change& change, Random& random) {
  if (change.kind == Change::Kind::kTruncate) {
    if (random.below(2) == 0 && change.offset < content_.size()) content_.resize(change.offset);
    return;
  }
  ByteView left = change.after;
  std::size_t offset = change.offset;
  while (!left.empty()) {
    const std::size_t sector = std::min(left.size(), kSectorBytes - offset % kSectorBytes);
    const std::uint64_t dice = random.below(8);
    if (dice == 0) put(left.first(random.below(sector) + 1), offset);
    if (dice > 4) put(left.first(sector), offset);
    left = left.subspan(sector);
    offset += sector;
  }
}

}  // namespace waxwing::testing
