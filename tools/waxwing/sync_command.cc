#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <set>

#include "tools/waxwing/commands.h"
#include "tools/waxwing/follow.h"

namespace waxwing::tool {
namespace {

constexpr std::chrono::milliseconds kSlice{1000};

// What happened during a sync, told by events from the client's thread.
class Tally {
 public:
  struct Counts {
    std::map<AccountId, std::size_t> arrived;
    std::array<std::size_t, 6> reached{};  // by DeliveryState
    std::size_t notes = 0;
    std::vector<Event> remarkable;
  };

  void take(const Event& event) {
    const std::scoped_lock guard(mutex_);
    if (const auto* arrived = std::get_if<event::MessageArrived>(&event)) ++counts_.arrived[arrived->conversation];
    if (const auto* changed = std::get_if<event::MessageChanged>(&event)) {
      ++counts_.reached[static_cast<std::size_t>(changed->state)];
    }
    if (std::holds_alternative<event::TimelineNote>(event) || std::holds_alternative<event::Restored>(event)) {
      counts_.remarkable.push_back(event);
    }
  }
  Counts counts() {
    const std::scoped_lock guard(mutex_);
    return counts_;
  }

 private:
  std::mutex mutex_;
  Counts counts_;
};

Result<Client::Settled> settle(Client& client) {
  for (;;) {
    const auto settled = client.waitUntilSettled(kSlice);
    if (!settled || *settled != Client::Settled::kTimedOut) return settled;
  }
}

std::string_view name(Client::Settled settled) {
  switch (settled) {
    case Client::Settled::kYes:
      return "settled";
    case Client::Settled::kUnreachable:
      return "unreachable";
    case Client::Settled::kStopped:
      return "stopped";
    case Client::Settled::kTimedOut:
      return "timedOut";
  }
  throw std::logic_error("unknown outcome");
}

std::string receivedText(const Tally::Counts& counts, const std::vector<Contact>& contacts) {
  std::string out;
  for (const auto& [account, count] : counts.arrived) {
    const auto found = std::ranges::find(contacts, account, &Contact::account);
    const std::string who = found == contacts.end() ? account.text().substr(0, 8) : displayName(*found);
    out += "Received " + counted(count, "message") + " from " + who + ".\n";
  }
  return out;
}

std::string reachedText(const Tally::Counts& counts) {
  std::string out;
  for (const auto state : {DeliveryState::kSent, DeliveryState::kDelivered, DeliveryState::kRead}) {
    const std::size_t count = counts.reached[static_cast<std::size_t>(state)];
    if (count == 0) continue;
    out += (out.empty() ? "" : ", ") + counted(count, "message") + " now " +
           stateText(state, PendingReason::kNone, FailedReason::kNone);
  }
  return out.empty() ? "" : out + ".\n";
}

std::string requestsText(const std::vector<Contact>& contacts) {
  std::string out;
  for (const auto& contact : contacts) {
    if (contact.state != ContactState::kRequested) continue;
    out += displayName(contact) + " asks to be a contact: waxwing contact accept " + contact.account.text() + " NAME\n";
  }
  return out;
}

std::string remarkableText(const Tally::Counts& counts, Client& client) {
  std::string out;
  for (const auto& event : counts.remarkable) out += describe(event, client).human + "\n";
  return out;
}

// Texts for contacts that could not leave.
std::size_t countWaiting(const std::vector<OutboxItem>& items, const Client& client) {
  std::set<std::int64_t> texts;
  for (const auto& item : items) {
    if (item.kind == "text" && item.to != client.self().account) texts.insert(item.id);
  }
  return texts.size();
}

std::string waitingText(std::size_t waiting) {
  if (waiting == 0) return "";
  return counted(waiting, "message") + (waiting == 1 ? " still waits" : " still wait") +
         "; 'waxwing outbox' says why.\n";
}

Json syncJson(Client& client, Client::Settled settled, const Tally::Counts& counts,
              const std::vector<Contact>& contacts, std::size_t waiting) {
  Json received = Json::array();
  for (const auto& [account, count] : counts.arrived) {
    received.push_back({{"account", account.text()}, {"count", count}});
  }
  Json requests = Json::array();
  for (const auto& contact : contacts) {
    if (contact.state == ContactState::kRequested) requests.push_back(contact.account.text());
  }
  Json notes = Json::array();
  for (const auto& event : counts.remarkable) notes.push_back(describe(event, client).json);
  const auto reached = [&counts](DeliveryState state) { return counts.reached[static_cast<std::size_t>(state)]; };
  return {{"result", name(settled)},
          {"link", toJson(client.linkState())},
          {"received", std::move(received)},
          {"sent", reached(DeliveryState::kSent)},
          {"delivered", reached(DeliveryState::kDelivered)},
          {"read", reached(DeliveryState::kRead)},
          {"waiting", waiting},
          {"requests", std::move(requests)},
          {"notes", std::move(notes)}};
}

std::string withDetail(std::string_view text, const LinkState& state) {
  return std::string(text) + (state.detail.empty() ? "" : " (" + state.detail + ")");
}

ExitStatus conclude(Context& context, Client& client, Client::Settled settled) {
  const auto link = client.linkState();
  switch (settled) {
    case Client::Settled::kYes:
      return ExitStatus::kOk;
    case Client::Settled::kStopped:
      context.output.warn(withDetail(stopText(link.stop), link));
      return ExitStatus::kFailed;
    default:
      if (link.stop == LinkState::Stop::kRelayUntrusted) {
        context.output.warn(withDetail(stopText(link.stop), link));
        return ExitStatus::kFailed;
      }
      context.output.warn((link.detail.empty() ? "the relay cannot be reached" : link.detail) + " (" +
                          client.relay().name() + "); what is queued waits, try again later");
      return ExitStatus::kUnreachable;
  }
}

Outcome sync(Context& context) {
  Tally tally;
  const auto opened = openClient(context, [&tally](const Event& event) { tally.take(event); });
  if (!opened) return tl::unexpected(opened.error());
  Client& client = **opened;
  client.goOnline();
  const auto settled = settle(client);
  if (!settled) return tl::unexpected(settled.error());
  const auto contacts = client.contacts();
  if (!contacts) return tl::unexpected(contacts.error());
  const auto items = client.outbox();
  if (!items) return tl::unexpected(items.error());
  const std::size_t waiting = countWaiting(*items, client);
  const auto counts = tally.counts();
  const bool done = *settled == Client::Settled::kYes;
  const std::string news = remarkableText(counts, client) + receivedText(counts, *contacts) + reachedText(counts) +
                           requestsText(*contacts) + (done ? waitingText(waiting) : "");
  context.output.show(syncJson(client, *settled, counts, *contacts, waiting),
                      news.empty() && done ? "Up to date; nothing new." : news);
  return conclude(context, client, *settled);
}

}  // namespace

void addSyncCommand(CLI::App& app, Context& context) {
  struct Arguments {
    bool follow = false;
    std::string to;
  };
  const auto arguments = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("sync", "deliver and fetch, until nothing more can be done now");
  auto* follow = command->add_flag("--follow", arguments->follow, "stay on line and print what arrives");
  command->add_option("--to", arguments->to, "send each line that is typed to this contact")->needs(follow);
  command->callback([&context, arguments] {
    context.chosen = [&context, arguments] {
      return arguments->follow ? tool::follow(context, arguments->to) : sync(context);
    };
  });
}

}  // namespace waxwing::tool
