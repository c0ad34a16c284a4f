#include "tools/bench/people.h"

#include <stdlib.h>

#include <chrono>
#include <stdexcept>
#include <system_error>

namespace waxwing::bench {
namespace {

constexpr std::chrono::minutes kPatience{5};

template <typename T>
T need(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}
void need(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().message);
}

}  // namespace

ScratchDirectory::ScratchDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "waxwing-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary directory");
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ByteView Person::key() {
  static const Bytes kKey(32, 42);
  return kKey;
}

Client::Options Person::options() {
  return {.database = file_, .databaseKey = key(), .onEvent = [this](const Event& event) {
            if (std::holds_alternative<event::MessageArrived>(event)) ++arrived_;
          }};
}

std::unique_ptr<Person> Person::create(const std::filesystem::path& file, const RelayAddress& relay) {
  std::unique_ptr<Person> person(new Person(file));
  person->client_ = need(Client::create(person->options(), relay));
  return person;
}

std::unique_ptr<Person> Person::createDevice(const std::filesystem::path& file, Person& primary) {
  while (true) {
    std::unique_ptr<Person> person(new Person(file));
    const auto request = need(Client::requestDevice(person->options(), primary.account()));
    const auto grant = primary.client().grantDevice(request.text);
    if (grant) {
      person->client_ = need(Client::joinDevice(person->options(), *grant));
      return person;
    }
    // A device draws its number at random: it may have been drawn before.
    if (grant.error().code != Errc::kNotAllowed) throw std::runtime_error(grant.error().message);
    std::filesystem::remove_all(file.parent_path());
    std::filesystem::create_directory(file.parent_path());
  }
}

void Person::open() { client_ = need(Client::open(options())); }

void Person::sync() {
  client_->goOnline();
  if (need(client_->waitUntilSettled(kPatience)) != Client::Settled::kYes) throw std::runtime_error("no sync");
  client_->goOffline();
}

void introduce(Person& a, Person& b) {
  const auto invite = need(a.client().createInvite());
  a.sync();
  need(b.client().addContact("a", invite));
  b.sync();
  a.sync();
  need(a.client().acceptContact(b.account(), "b"));
  a.sync();
  b.sync();
}

}  // namespace waxwing::bench
