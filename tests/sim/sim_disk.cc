#include "tests/sim/sim_disk.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <new>
#include <set>
#include <utility>
#include <vector>

#include "store/sqlcipher.h"
#include "tests/sim/sim_disk_file.h"

namespace waxwing::testing {
namespace {

struct Handle;

// What connections to one database of one process share.
struct SharedMemory {
  std::vector<std::unique_ptr<Bytes>> regions;
  std::vector<Handle*> users;
};

// A file, and who holds which of SQLite's locks on it.
struct Node {
  SimDiskFile file;
  std::set<const Handle*> shared;
  const Handle* reserved = nullptr;
  const Handle* pending = nullptr;
  const Handle* exclusive = nullptr;
  std::shared_ptr<SharedMemory> memory;

  void forgetProcess() {
    shared.clear();
    reserved = pending = exclusive = nullptr;
    memory.reset();
  }
};

// A draft that is renamed when it is whole is the same file to us: the renaming is asked of the operating system.
std::string keyOf(const std::filesystem::path& path) {
  std::string key = path.filename().string();
  if (const auto draft = key.rfind(".new"); draft != std::string::npos) key.erase(draft, 4);
  return key;
}

// What the store asks of the operating system about a database it finds here: a file that is not empty.
void standIn(const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << "This database is on a simulated disk.\n";
}

}  // namespace

class SimDisk::Impl {
 public:
  explicit Impl(Random& random);
  ~Impl();

  int open(const char* name, sqlite3_file* raw, int flags, int* outFlags);
  // Counts a call that changes something; what it is to answer, SQLITE_OK for going on.
  enum class Call { kWrite, kSync };
  int pass(Node& node, Call call);
  bool isDead(std::uint64_t generation) const { return generation != generation_; }
  void killProcess();
  void losePower();

  Random& random_;
  std::string name_;
  sqlite3_vfs vfs_{};
  std::map<std::string, std::shared_ptr<Node>> nodes_;
  std::uint64_t generation_ = 1;
  std::uint64_t calls_ = 0;
  std::optional<DiskFault> planned_;
  std::uint64_t callsLeft_ = 0;
  SimDisk* owner_ = nullptr;
  std::filesystem::path directory_;

 private:
  int strike(Node& node, DiskFault fault, Call call);
};

namespace {

struct Handle {
  sqlite3_file base{};
  SimDisk::Impl* disk = nullptr;
  std::shared_ptr<Node> node;
  std::shared_ptr<SharedMemory> memory;
  std::uint64_t generation = 0;
  int level = SQLITE_LOCK_NONE;
  unsigned sharedSlots = 0;
  unsigned exclusiveSlots = 0;
  int keepsLog = 0;

  bool isDead() const { return disk->isDead(generation); }
};

Handle& self(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }

int close(sqlite3_file* file) {
  Handle& handle = self(file);
  if (handle.memory) std::erase(handle.memory->users, &handle);
  if (!handle.isDead()) {
    handle.node->shared.erase(&handle);
    if (handle.node->reserved == &handle) handle.node->reserved = nullptr;
    if (handle.node->pending == &handle) handle.node->pending = nullptr;
    if (handle.node->exclusive == &handle) handle.node->exclusive = nullptr;
  }
  handle.~Handle();
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
  Handle& handle = self(file);
  if (handle.isDead()) return SQLITE_IOERR_READ;
  const std::span<std::uint8_t> wanted(static_cast<std::uint8_t*>(out), static_cast<std::size_t>(size));
  const std::size_t got = handle.node->file.read(wanted, static_cast<std::size_t>(offset));
  if (got == wanted.size()) return SQLITE_OK;
  std::ranges::fill(wanted.subspan(got), std::uint8_t{0});
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  Handle& handle = self(file);
  if (handle.isDead()) return SQLITE_IOERR_WRITE;
  // Power that fails at a write may have let it through in part.
  const auto generation = handle.generation;
  const ByteView bytes(static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size));
  if (const int result = handle.disk->pass(*handle.node, SimDisk::Impl::Call::kWrite); result != SQLITE_OK) {
    return result;
  }
  if (handle.disk->isDead(generation)) return SQLITE_IOERR_WRITE;
  handle.node->file.write(bytes, static_cast<std::size_t>(offset));
  return SQLITE_OK;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  Handle& handle = self(file);
  if (handle.isDead()) return SQLITE_IOERR_TRUNCATE;
  if (const int result = handle.disk->pass(*handle.node, SimDisk::Impl::Call::kWrite); result != SQLITE_OK) {
    return result == SQLITE_FULL ? SQLITE_OK : result;  // what gives room back needs none
  }
  handle.node->file.truncate(static_cast<std::size_t>(size));
  return SQLITE_OK;
}

int sync(sqlite3_file* file, int) {
  Handle& handle = self(file);
  if (handle.isDead()) return SQLITE_IOERR_FSYNC;
  if (const int result = handle.disk->pass(*handle.node, SimDisk::Impl::Call::kSync); result != SQLITE_OK) {
    return result;
  }
  handle.node->file.sync();
  return SQLITE_OK;
}

int fileSize(sqlite3_file* file, sqlite3_int64* size) {
  Handle& handle = self(file);
  if (handle.isDead()) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(handle.node->file.size());
  return SQLITE_OK;
}

int lock(sqlite3_file* file, int level) {
  Handle& handle = self(file);
  if (handle.isDead()) return SQLITE_IOERR_LOCK;
  Node& node = *handle.node;
  const auto heldByOther = [&](const Handle* holder) { return holder != nullptr && holder != &handle; };
  if (handle.level >= level) return SQLITE_OK;
  if (level == SQLITE_LOCK_SHARED) {
    if (heldByOther(node.exclusive) || heldByOther(node.pending)) return SQLITE_BUSY;
    node.shared.insert(&handle);
  } else if (level == SQLITE_LOCK_RESERVED) {
    if (heldByOther(node.reserved)) return SQLITE_BUSY;
    node.reserved = &handle;
  } else {
    if (heldByOther(node.reserved) || heldByOther(node.pending)) return SQLITE_BUSY;
    node.pending = &handle;
    if (node.shared.size() > node.shared.count(&handle)) return SQLITE_BUSY;
    node.exclusive = &handle;
  }
  handle.level = level;
  return SQLITE_OK;
}

int unlock(sqlite3_file* file, int level) {
  Handle& handle = self(file);
  handle.level = std::min(handle.level, level);
  if (handle.isDead()) return SQLITE_OK;
  Node& node = *handle.node;
  if (node.reserved == &handle) node.reserved = nullptr;
  if (node.pending == &handle) node.pending = nullptr;
  if (node.exclusive == &handle) node.exclusive = nullptr;
  if (level == SQLITE_LOCK_NONE) node.shared.erase(&handle);
  return SQLITE_OK;
}

int checkReserved(sqlite3_file* file, int* out) {
  *out = self(file).node->reserved != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int control(sqlite3_file* file, int op, void* argument) {
  if (op == SQLITE_FCNTL_MMAP_SIZE) {
    *static_cast<sqlite3_int64*>(argument) = 0;  // none
    return SQLITE_OK;
  }
  if (op != SQLITE_FCNTL_PERSIST_WAL) return SQLITE_NOTFOUND;
  int& keep = *static_cast<int*>(argument);
  Handle& handle = self(file);
  if (keep >= 0) handle.keepsLog = keep;
  keep = handle.keepsLog;
  return SQLITE_OK;
}

int mapMemory(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  Handle& handle = self(file);
  *out = nullptr;
  if (handle.isDead() && !handle.memory) return SQLITE_IOERR_SHMMAP;
  if (!handle.memory) {
    if (!handle.node->memory) handle.node->memory = std::make_shared<SharedMemory>();
    handle.memory = handle.node->memory;
    handle.memory->users.push_back(&handle);
  }
  auto& regions = handle.memory->regions;
  if (static_cast<std::size_t>(region) >= regions.size()) {
    if (extend == 0) return SQLITE_OK;
    while (regions.size() <= static_cast<std::size_t>(region)) {
      regions.push_back(std::make_unique<Bytes>(static_cast<std::size_t>(size)));
    }
  }
  *out = regions[static_cast<std::size_t>(region)]->data();
  return SQLITE_OK;
}

int lockMemory(sqlite3_file* file, int first, int count, int flags) {
  Handle& handle = self(file);
  if (handle.isDead()) return (flags & SQLITE_SHM_UNLOCK) != 0 ? SQLITE_OK : SQLITE_IOERR_SHMLOCK;
  const unsigned slots = ((1u << count) - 1u) << first;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    handle.sharedSlots &= ~slots;
    handle.exclusiveSlots &= ~slots;
    return SQLITE_OK;
  }
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (const Handle* other : handle.memory->users) {
    if (other == &handle) continue;
    const unsigned inTheWay = other->exclusiveSlots | (exclusive ? other->sharedSlots : 0u);
    if ((inTheWay & slots) != 0) return SQLITE_BUSY;
  }
  (exclusive ? handle.exclusiveSlots : handle.sharedSlots) |= slots;
  return SQLITE_OK;
}

int unmapMemory(sqlite3_file* file, int) {
  Handle& handle = self(file);
  if (!handle.memory) return SQLITE_OK;
  std::erase(handle.memory->users, &handle);
  if (!handle.isDead() && handle.memory->users.empty()) handle.node->memory.reset();
  handle.memory.reset();
  handle.sharedSlots = handle.exclusiveSlots = 0;
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = fileSize,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = checkReserved,
    .xFileControl = control,
    .xSectorSize = [](sqlite3_file*) { return static_cast<int>(SimDiskFile::kSectorBytes); },
    .xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; },
    .xShmMap = mapMemory,
    .xShmLock = lockMemory,
    .xShmBarrier = [](sqlite3_file*) {},
    .xShmUnmap = unmapMemory,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

SimDisk::Impl& diskOf(sqlite3_vfs* vfs) { return *static_cast<SimDisk::Impl*>(vfs->pAppData); }

int fullPath(sqlite3_vfs*, const char* name, int size, char* out) {
  const std::string_view text(name);
  if (text.size() >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  *std::ranges::copy(text, out).out = '\0';
  return SQLITE_OK;
}

}  // namespace

SimDisk::Impl::Impl(Random& random) : random_(random) {
  static std::uint64_t number = 0;
  name_ = "waxwing-sim-" + std::to_string(++number);
  vfs_ = *sqlite3_vfs_find(nullptr);  // the system's for time, chance and extensions
  vfs_.szOsFile = static_cast<int>(sizeof(Handle));
  vfs_.zName = name_.c_str();
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.xOpen = [](sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* outFlags) {
    return diskOf(vfs).open(name, file, flags, outFlags);
  };
  vfs_.xDelete = [](sqlite3_vfs* vfs, const char* name, int) {
    return diskOf(vfs).nodes_.erase(keyOf(name)) == 0 ? SQLITE_IOERR_DELETE_NOENT : SQLITE_OK;
  };
  vfs_.xAccess = [](sqlite3_vfs* vfs, const char* name, int, int* out) {
    // An empty journal is none.
    const auto found = diskOf(vfs).nodes_.find(keyOf(name));
    *out = found != diskOf(vfs).nodes_.end() && found->second->file.size() > 0 ? 1 : 0;
    return SQLITE_OK;
  };
  vfs_.xFullPathname = fullPath;
  vfs_.xSleep = [](sqlite3_vfs*, int microseconds) { return microseconds; };
  sqlite3_vfs_register(&vfs_, 0);
}

SimDisk::Impl::~Impl() { sqlite3_vfs_unregister(&vfs_); }

int SimDisk::Impl::open(const char* name, sqlite3_file* raw, int flags, int* outFlags) {
  raw->pMethods = nullptr;
  std::shared_ptr<Node> node;
  if (name == nullptr) {
    node = std::make_shared<Node>();
  } else if (const auto found = nodes_.find(keyOf(name)); found != nodes_.end()) {
    node = found->second;
  } else {
    const bool main = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    if (main ? !std::filesystem::exists(name) : (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    if (main) standIn(name);
    node = nodes_[keyOf(name)] = std::make_shared<Node>();
  }
  auto* handle = new (raw) Handle;
  handle->base.pMethods = &kMethods;
  handle->disk = this;
  handle->node = std::move(node);
  handle->generation = generation_;
  if (outFlags != nullptr) *outFlags = flags;
  return SQLITE_OK;
}

int SimDisk::Impl::pass(Node& node, Call call) {
  ++calls_;
  if (!planned_ || (callsLeft_ > 1 && --callsLeft_ > 0)) return SQLITE_OK;
  callsLeft_ = 0;
  return strike(node, *planned_, call);
}

int SimDisk::Impl::strike(Node& node, DiskFault fault, Call call) {
  if (fault == DiskFault::kFull) return call == Call::kWrite ? SQLITE_FULL : SQLITE_OK;
  if (fault == DiskFault::kFailWrite && call != Call::kWrite) return SQLITE_OK;
  if (fault == DiskFault::kFailSync && call != Call::kSync) return SQLITE_OK;
  planned_.reset();
  switch (fault) {
    case DiskFault::kFailSync:
      node.file.losePower(random_);
      return SQLITE_IOERR_FSYNC;
    case DiskFault::kKill:
      killProcess();
      break;
    case DiskFault::kPowerLoss:
      losePower();
      break;
    case DiskFault::kFailWrite:
    case DiskFault::kFull:
      return SQLITE_IOERR_WRITE;
  }
  owner_->onDeath(fault);
  return SQLITE_IOERR_WRITE;
}

void SimDisk::Impl::killProcess() {
  ++generation_;
  for (auto& [name, node] : nodes_) node->forgetProcess();
}

void SimDisk::Impl::losePower() {
  killProcess();
  for (auto& [name, node] : nodes_) node->file.losePower(random_);
}

SimDisk::SimDisk(Random& random, std::filesystem::path directory) : impl_(std::make_unique<Impl>(random)) {
  std::filesystem::create_directories(directory);
  impl_->owner_ = this;
  impl_->directory_ = std::move(directory);
}
SimDisk::~SimDisk() = default;

std::filesystem::path SimDisk::path(std::string_view name) const { return impl_->directory_ / name; }
const std::string& SimDisk::vfs() const { return impl_->name_; }
void SimDisk::killProcess() { impl_->killProcess(); }
void SimDisk::losePower() { impl_->losePower(); }

void SimDisk::failAt(DiskFault fault, std::uint64_t call) {
  impl_->planned_ = fault;
  impl_->callsLeft_ = call;
}

void SimDisk::heal() { impl_->planned_.reset(); }

bool SimDisk::isFull() const { return impl_->planned_ == DiskFault::kFull && impl_->callsLeft_ <= 1; }

SimDisk::Copy SimDisk::copy() const {
  Copy copy;
  for (const auto& [name, node] : impl_->nodes_) copy.files_[name] = node->file.content();
  return copy;
}

void SimDisk::putBack(const Copy& copy) {
  impl_->killProcess();
  impl_->nodes_.clear();
  for (const auto& [name, content] : copy.files_) {
    auto node = std::make_shared<Node>();
    node->file.replace(content);
    impl_->nodes_[name] = std::move(node);
    if (name.ends_with(".db")) standIn(path(name));
  }
}

bool SimDisk::contains(std::string_view marker) const {
  return std::ranges::any_of(impl_->nodes_, [&](const auto& entry) {
    return asText(entry.second->file.content()).find(marker) != std::string_view::npos;
  });
}

std::uint64_t SimDisk::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [name, node] : impl_->nodes_) sum += node->file.size();
  return sum;
}

std::uint64_t SimDisk::calls() const { return impl_->calls_; }

}  // namespace waxwing::testing
