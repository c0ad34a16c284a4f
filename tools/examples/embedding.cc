// Two devices in one process: they meet by invite, and a message that was written offline is delivered and read.
#include <condition_variable>
#include <filesystem>
#include <iostream>
#include <mutex>

#include "client/waxwing.hpp"

using namespace waxwing;

// Wakes the main thread whenever something happened on a client's thread.
class Happenings {
 public:
  void note() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  void waitUntil(const std::function<bool()>& condition) {
    for (unsigned seen = 0; !condition();) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return count_ != seen; });
      seen = count_;
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned count_ = 0;
};

int main(int argc, char** argv) {
  if (argc < 3) return std::cerr << "usage: embedding RELAY-ADDRESS EMPTY-DIRECTORY [REGISTRATION-TOKEN]\n", 2;
  const std::filesystem::path directory = argv[2];
  Happenings happenings;
  const auto create = [&](const char* name) {
    SecretArray<32> key = systemRandom().secret<32>();  // an app keeps it in the platform's keystore
    const auto onEvent = [&](const Event&) { happenings.note(); };
    return Client::create({.database = directory / name, .databaseKey = key.view(), .onEvent = onEvent},
                          RelayAddress::parse(argv[1]).value(), argc > 3 ? argv[3] : "")
        .value();
  };
  const auto alice = create("alice.db");
  const auto bob = create("bob.db");

  // Offline: Bob was given Alice's invite, and writes to her at once.
  const AccountId aliceId = bob->addContact("Alice", alice->createInvite().value()).value();
  bob->send(aliceId, "Hello Alice, this was written without a network.").value();
  std::cout << "Bob has written, and it waits: it is on his disk\n";

  // Online: Alice's invite becomes known to the relay; she is asked, accepts, and receives what waited for her.
  alice->goOnline();
  if (alice->waitUntilSettled(std::chrono::minutes(1)) != Client::Settled::kYes) return 1;
  bob->goOnline();
  happenings.waitUntil([&] { return !alice->contacts().value().empty(); });
  const AccountId bobId = alice->contacts().value().front().account;
  std::cout << "their safety number: " << alice->safetyNumber(bobId) << '\n';
  if (!alice->acceptContact(bobId, "Bob")) return 1;
  const auto newest = [](Client& client, const AccountId& of) {
    const auto items = client.messages(of, {}).value();
    return items.empty() ? TimelineItem{} : items.back();
  };
  happenings.waitUntil([&] { return !newest(*alice, bobId).text.empty(); });
  std::cout << "Alice reads: " << newest(*alice, bobId).text << '\n';
  if (!alice->markRead(bobId, newest(*alice, bobId).position)) return 1;
  happenings.waitUntil([&] { return newest(*bob, aliceId).state == DeliveryState::kRead; });
  std::cout << "Bob knows that she has read it\n";
}
