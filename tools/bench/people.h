#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "client/waxwing.hpp"
#include "session/relay_address.h"

// The people of a benchmark, each a client in this process.
namespace waxwing::bench {

class ScratchDirectory {
 public:
  // Below `TMPDIR` or /tmp: it should be on the disk that is measured.
  ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// One device. Its key is the same for all: nothing here is secret.
class Person {
 public:
  static std::unique_ptr<Person> create(const std::filesystem::path& file, const RelayAddress& relay);
  // Another device of the account of `primary`, granted by it.
  static std::unique_ptr<Person> createDevice(const std::filesystem::path& file, Person& primary);
  static ByteView key();

  Client& client() { return *client_; }
  AccountId account() const { return client_->self().account; }
  const std::filesystem::path& file() const { return file_; }
  std::size_t arrived() const { return arrived_; }

  // On line until nothing can be done, then off line again.
  void sync();
  // Closes the client and opens it again.
  void close() { client_.reset(); }
  void open();

 private:
  explicit Person(std::filesystem::path file) : file_(std::move(file)) {}
  Client::Options options();

  std::filesystem::path file_;
  std::atomic<std::size_t> arrived_ = 0;
  std::unique_ptr<Client> client_;
};

// Makes each a contact of the other.
void introduce(Person& a, Person& b);

}  // namespace waxwing::bench
