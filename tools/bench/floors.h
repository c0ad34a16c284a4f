#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "crypto/ids.h"
#include "crypto/ports.h"
#include "crypto/secret.h"
#include "session/anchors.h"
#include "session/manifest_book.h"
#include "session/own_device.h"
#include "session/pre_keys.h"
#include "session/ratchet.h"
#include "store/database.h"

// What a client's call cannot do without, each alone.
namespace waxwing::bench {

// Appends a page to a file and waits for the disk.
class DiskSync {
 public:
  explicit DiskSync(const std::filesystem::path& path);
  DiskSync(const DiskSync&) = delete;
  DiskSync& operator=(const DiskSync&) = delete;
  ~DiskSync();
  void once();

 private:
  int fd_;
};

// One row of 400 bytes in one transaction, in a database with the client's settings.
class OneCommit {
 public:
  explicit OneCommit(const std::filesystem::path& path);
  void once();

 private:
  std::unique_ptr<Database> db_;
  Bytes row_;
};

// A ratchet's encryption on a copy of a profile's database, rolled back: libsignal and the reading and writing of its
// session's record, without the commit.
class OneEncryption {
 public:
  OneEncryption(const std::filesystem::path& copy, ByteView key, const AccountId& to);
  // For every device of the account.
  void once();

 private:
  std::unique_ptr<Database> db_;
  OwnDevice self_;
  ManifestBook manifests_;
  PreKeys preKeys_;
  Anchors anchors_;
  Ratchet ratchet_;
  std::vector<DeviceAddress> peers_;
  Bytes content_;
};

}  // namespace waxwing::bench
