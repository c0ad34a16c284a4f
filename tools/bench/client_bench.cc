#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "tools/bench/floors.h"
#include "tools/bench/forgeries.h"
#include "tools/bench/people.h"
#include "tools/bench/samples.h"
#include "tools/bench/spawned_relay.h"

// waxwing-bench: what a client's calls cost, beside what each must at least do, in one interleaved run
// (docs/performance.md).
namespace waxwing::bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* kText = "A message of ordinary length, such as people send all day long. It says little, twice.";

struct Plan {
  std::size_t sends = 1000;
  std::size_t received = 2000;
  std::size_t forged = 1000;
  std::size_t stored = 100'000;
};

void line(const std::string& what, const Samples& samples) {
  std::printf("%-44s median %9.1f us   p99 %9.1f us   (%zu)\n", what.c_str(), samples.median(), samples.p99(),
              samples.size());
  std::fflush(stdout);
}

void send(Person& from, const AccountId& to) {
  const auto id = from.client().send(to, kText);
  if (!id) throw std::runtime_error(id.error().message);
}

// A profile's files under another name. The profile is closed.
fs::path copyOf(const Person& person, const fs::path& directory) {
  fs::copy(person.file().parent_path(), directory);
  return directory / person.file().filename();
}

fs::path homeIn(const fs::path& directory) {
  fs::create_directory(directory);
  return directory / "waxwing.db";
}

struct Household {
  std::unique_ptr<Person> primary;
  std::vector<std::unique_ptr<Person>> others;
};

// An account with that many devices, a contact of `peer`, with a session to each of them.
Household makeHousehold(const fs::path& directory, const SpawnedRelay& relay, Person& peer, std::size_t devices) {
  Household house;
  house.primary = Person::create(homeIn(directory.string() + "-1"), relay.address());
  house.primary->sync();
  introduce(*house.primary, peer);
  for (std::size_t i = 2; i <= devices; ++i) {
    house.others.push_back(Person::createDevice(homeIn(directory.string() + "-" + std::to_string(i)), *house.primary));
    house.primary->sync();
    house.others.back()->sync();
  }
  // A first message and its receipts, so that every session has been answered.
  send(peer, house.primary->account());
  for (int round = 0; round < 2; ++round) {
    peer.sync();
    house.primary->sync();
    for (const auto& other : house.others) other->sync();
  }
  peer.sync();
  return house;
}

// send() and its three floors in turn, so that all four meet the same disk.
void measureSend(const Plan& plan, const fs::path& directory, const SpawnedRelay& relay, std::size_t devices) {
  const std::string label = std::to_string(devices) + (devices == 1 ? " device" : " devices");
  const fs::path home = directory / ("sender-" + std::to_string(devices));
  const auto sender = Person::create(homeIn(home), relay.address());
  sender->sync();
  const auto house = makeHousehold(directory / ("house-" + std::to_string(devices)), relay, *sender, devices);
  const auto to = house.primary->account();
  sender->close();
  const fs::path copyDirectory = directory / ("copy-" + std::to_string(devices));
  OneEncryption encryption(copyOf(*sender, copyDirectory), Person::key(), to);
  sender->open();
  DiskSync disk(directory / "disk");
  OneCommit commit(directory / ("commit-" + std::to_string(devices) + ".db"));
  Samples sending, encrypting, committing, syncing;
  for (std::size_t i = 0; i < plan.sends; ++i) {
    syncing.time([&] { disk.once(); });
    committing.time([&] { commit.once(); });
    encrypting.time([&] { encryption.once(); });
    sending.time([&] { send(*sender, to); });
  }
  line("send, " + label, sending);
  line("  floor: ratchet encryption, " + label, encrypting);
  line("  floor: one SQLCipher commit", committing);
  line("  floor: one fdatasync of 4 KiB", syncing);
  std::printf("  send / commit at the median                %.2f\n", sending.median() / committing.median());
}

std::chrono::nanoseconds timeToReceive(Person& receiver, std::size_t count) {
  const std::size_t before = receiver.arrived();
  const auto start = std::chrono::steady_clock::now();
  receiver.sync();
  const auto span = std::chrono::steady_clock::now() - start;
  if (receiver.arrived() - before != count) throw std::runtime_error("messages are missing");
  return span;
}

// A backlog, fetched, decrypted, committed and acknowledged; connecting is part of it.
void measureReceive(const Plan& plan, const fs::path& directory, const SpawnedRelay& relay) {
  const auto sender = Person::create(homeIn(directory / "from"), relay.address());
  sender->sync();
  auto house = makeHousehold(directory / "to", relay, *sender, 1);
  Samples perMessage;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < plan.received; ++i) send(*sender, house.primary->account());
    sender->sync();
    perMessage.add(timeToReceive(*house.primary, plan.received) / static_cast<std::int64_t>(plan.received));
    sender->sync();
  }
  std::printf("receive and commit, per message              min %.1f us  median %.1f us  max %.1f us  (3 x %zu)\n",
              perMessage.at(0), perMessage.median(), perMessage.at(1), plan.received);
}

// Opens a sender's database with that many messages in it, all delivered.
void measureOpen(const Plan& plan, const fs::path& directory, const SpawnedRelay& relay) {
  constexpr std::size_t kBatch = 5000;  // a mailbox holds 10,000
  const auto sender = Person::create(homeIn(directory / "many"), relay.address());
  sender->sync();
  auto house = makeHousehold(directory / "reader", relay, *sender, 1);
  Samples empty, full;
  for (int i = 0; i < 5; ++i) {
    sender->close();
    empty.time([&] { sender->open(); });
  }
  for (std::size_t sent = 0; sent < plan.stored; sent += kBatch) {
    for (std::size_t i = 0; i < kBatch; ++i) send(*sender, house.primary->account());
    sender->sync();
    house.primary->sync();
    sender->sync();
  }
  for (int i = 0; i < 5; ++i) {
    sender->close();
    full.time([&] { sender->open(); });
  }
  line("open a database with few messages", empty);
  line("open a database with " + std::to_string(plan.stored) + " messages", full);
}

// Forged messages against a session with five archived states: what they cost before honest ones are read, and what
// the slow queue does of the same number afterwards.
void measureForgeries(std::size_t count) {
  Forgeries forgeries;
  for (const std::uint32_t counter : {0u, 100u, 2'000u}) {
    const auto atOnce = forgeries.atOnce(count, counter);
    const auto late = forgeries.late(atOnce.deferred, counter);
    std::printf(
        "%zu forged, number %4u of a chain   at once %.3f s CPU (%zu deferred)   later %.3f s CPU (%zu turned away)\n",
        count, counter, atOnce.seconds, atOnce.deferred, late.seconds, late.deferred);
    std::fflush(stdout);
  }
}

int run(int count, char** values) {
  Plan plan;
  CLI::App app("Measures a client's calls beside what each must at least do.");
  app.add_option("--sends", plan.sends, "how many of each");
  app.add_option("--receive", plan.received, "messages in a backlog (at most 5000)");
  app.add_option("--forged", plan.forged, "forged messages");
  app.add_option("--stored", plan.stored, "messages in the database that is opened; 0 leaves that out");
  CLI11_PARSE(app, count, values);
  measureForgeries(plan.forged);
  const ScratchDirectory scratch;
  const SpawnedRelay relay((fs::read_symlink("/proc/self/exe").parent_path() / "waxwing-relay").string());
  measureSend(plan, scratch.path(), relay, 1);
  measureSend(plan, scratch.path(), relay, 10);
  measureReceive(plan, scratch.path(), relay);
  if (plan.stored > 0) measureOpen(plan, scratch.path(), relay);
  return 0;
}

}  // namespace
}  // namespace waxwing::bench

int main(int count, char** values) {
  try {
    return waxwing::bench::run(count, values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "waxwing-bench: %s\n", error.what());
    return 1;
  }
}
