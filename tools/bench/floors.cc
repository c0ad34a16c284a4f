#include "tools/bench/floors.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "store/client/client_database.h"

namespace waxwing::bench {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kRowBytes = 400;
constexpr std::size_t kContentBytes = 200;

template <typename T>
T need(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

}  // namespace

DiskSync::DiskSync(const std::filesystem::path& path)
    : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) {
  if (fd_ < 0) throw std::runtime_error("cannot make " + path.string());
}

DiskSync::~DiskSync() { ::close(fd_); }

void DiskSync::once() {
  static constexpr std::array<char, kPageBytes> kPage{};
  if (::write(fd_, kPage.data(), kPage.size()) != static_cast<ssize_t>(kPage.size()) || ::fdatasync(fd_) != 0) {
    throw std::runtime_error("the disk failed");
  }
}

OneCommit::OneCommit(const std::filesystem::path& path) : row_(kRowBytes, 7) {
  const Bytes key(32, 1);
  db_ = need(Database::open({.path = path, .key = key, .existing = Database::Existing::kMustNotExist}));
  db_->script("CREATE TABLE item (id INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT");
}

void OneCommit::once() {
  db_->checkpointIfDue();
  Transaction transaction(*db_, CommitPoint::kCompose);
  db_->prepare("INSERT INTO item (content) VALUES (?1)").run(ByteView(row_));
  transaction.commit();
}

OneEncryption::OneEncryption(const std::filesystem::path& copy, ByteView key, const AccountId& to)
    : db_(need(openClientDatabase({.path = copy, .key = key}))),
      self_(need(OwnDevice::load(*db_))),
      manifests_(*db_, systemClock()),
      preKeys_(*db_, self_, systemClock(), systemRandom()),
      anchors_(*db_, systemClock(), systemRandom()),
      ratchet_(*db_, self_, manifests_, preKeys_, anchors_, systemClock(), systemRandom()),
      content_(kContentBytes, 'x') {
  const auto manifest = manifests_.find(to);
  if (!manifest) throw std::runtime_error("no manifest is held");
  for (const auto& device : manifest->manifest().devices) peers_.push_back({to, device.id});
}

void OneEncryption::once() {
  Transaction transaction(*db_, CommitPoint::kCompose);
  for (const auto& peer : peers_) need(ratchet_.encrypt(transaction, peer, content_));
}

}  // namespace waxwing::bench
