// Two devices in one process: they meet by invite, and a message that was written offline is delivered and read.
#include <atomic>
#include <filesystem>
#include <iostream>

#include "client/waxwing.hpp"

using namespace waxwing;

int main(int argc, char** argv) {
  if (argc < 3) return std::cerr << "usage: embedding RELAY-ADDRESS EMPTY-DIRECTORY [REGISTRATION-TOKEN]\n", 2;
  const std::filesystem::path directory = argv[2];

  // Events come on the clients' own threads; each one wakes the main thread to look again.
  std::atomic<unsigned> events = 0;
  const auto onEvent = [&](const Event&) {
    ++events;
    events.notify_all();
  };
  const auto waitUntil = [&](const auto& condition) {
    for (unsigned seen = events; !condition(); seen = events) events.wait(seen);
  };

  const auto create = [&](const char* name) {
    SecretArray<32> key = systemRandom().secret<32>();  // an app keeps it in the platform's keystore
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
  waitUntil([&] { return !alice->contacts().value().empty(); });
  const AccountId bobId = alice->contacts().value().front().account;
  std::cout << "their safety number: " << alice->safetyNumber(bobId) << '\n';
  if (!alice->acceptContact(bobId, "Bob")) return 1;
  const auto newest = [](Client& client, const AccountId& of) {
    const auto items = client.messages(of, {}).value();
    return items.empty() ? TimelineItem{} : items.back();
  };
  waitUntil([&] { return !newest(*alice, bobId).text.empty(); });
  std::cout << "Alice reads: " << newest(*alice, bobId).text << '\n';
  if (!alice->markRead(bobId, newest(*alice, bobId).position)) return 1;
  waitUntil([&] { return newest(*bob, aliceId).state == DeliveryState::kRead; });
  std::cout << "Bob knows that she has read it\n";
}
