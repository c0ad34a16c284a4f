#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/ports.h"

namespace waxwing::testing {

// One file of a simulated disk: what a process reads back, and how to get from there to what a power loss leaves.
class SimDiskFile {
 public:
  static constexpr std::size_t kSectorBytes = 512;

  const Bytes& content() const { return content_; }
  std::size_t size() const { return content_.size(); }

  // The number of bytes that were there.
  std::size_t read(std::span<std::uint8_t> out, std::size_t offset) const;
  void write(ByteView bytes, std::size_t offset);
  void truncate(std::size_t size);
  void sync() { unsynced_.clear(); }
  // Of what was not synced, some is there afterwards: nothing, all, a beginning, or any sectors of it.
  void losePower(Random& random);
  // Synced.
  void replace(Bytes content);

 private:
  struct Change {
    std::size_t offset = 0;  // of a truncation: the new size
    Bytes before;            // what stood there, as far as there was anything
    Bytes after;
    std::size_t sizeBefore = 0;
    enum class Kind { kWrite, kTruncate } kind = Kind::kWrite;
  };
  enum class Survival { kNothing, kAll, kBeginning, kAnySectors };

  void undo(const Change& change);
  void put(ByteView bytes, std::size_t offset);
  void redoInPart(const Change& change, Random& random);

  Bytes content_;
  std::vector<Change> unsynced_;
};

}  // namespace waxwing::testing
