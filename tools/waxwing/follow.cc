#include "tools/waxwing/follow.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>

#include "tools/waxwing/send_lines.h"

namespace waxwing::tool {
namespace {

constexpr std::chrono::seconds kLastSync{30};

std::string nameOf(const AccountId& account, Client& client) {
  const auto contact = client.findContact(account.text());
  return contact ? displayName(*contact) : account.text().substr(0, 8);
}

// A descriptor that a poll can wait on.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {
    if (fd_ < 0) throw std::runtime_error("out of file descriptors");
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(fd_); }
  int get() const { return fd_; }

 private:
  int fd_;
};

// SIGINT and SIGTERM as a descriptor. Made before the client's thread, which inherits the mask.
int blockedSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return ::signalfd(-1, &set, SFD_CLOEXEC);
}

// Prints what the client's thread tells, and wakes the main thread when the link has stopped for good or the client
// failed.
class Printer {
 public:
  explicit Printer(Output& output) : output_(output), stopped_(::eventfd(0, EFD_CLOEXEC)) {}

  // Events that come before are not printed: none does before the client goes on line.
  void begin(Client& client) { client_ = &client; }
  void take(const Event& event) {
    Client* client = client_;
    if (client == nullptr) return;
    const auto text = describe(event, *client);
    output_.show(text.json, text.human);
    const auto* link = std::get_if<event::LinkChanged>(&event);
    const bool linkStopped = link != nullptr && link->state.kind == LinkState::Kind::kStopped;
    if (linkStopped || std::holds_alternative<event::Failed>(event)) ::eventfd_write(stopped_.get(), 1);
  }
  int stoppedFd() const { return stopped_.get(); }

 private:
  Output& output_;
  std::atomic<Client*> client_ = nullptr;
  Descriptor stopped_;
};

struct Typed {
  LineSplitter lines;
  std::optional<LineSender> sender;  // none: standard input is left alone
};

enum class Ended { kBySignal, kByLink, kByInput };

// False at the end of input.
bool readTyped(Typed& typed) {
  const auto each = [&typed](const InputLine& line) { typed.sender->send(line); };
  char chunk[4096];
  const ssize_t size = ::read(STDIN_FILENO, chunk, sizeof chunk);
  if (size < 0) return errno == EINTR;
  if (size == 0) {
    typed.lines.finish(each);
    return false;
  }
  typed.lines.feed({chunk, static_cast<std::size_t>(size)}, each);
  return !typed.sender->failure();
}

Ended waitForEnd(const Printer& printer, int signals, Typed& typed) {
  for (;;) {
    pollfd waited[] = {
        {signals, POLLIN, 0}, {printer.stoppedFd(), POLLIN, 0}, {typed.sender ? STDIN_FILENO : -1, POLLIN, 0}};
    if (::poll(waited, std::size(waited), -1) < 0) continue;
    if (waited[0].revents != 0) return Ended::kBySignal;
    if (waited[1].revents != 0) return Ended::kByLink;
    if (waited[2].revents != 0 && !readTyped(typed)) return Ended::kByInput;
  }
}

EventText describeLink(const LinkState& state) {
  using Kind = LinkState::Kind;
  Json json = {{"event", "link"}, {"link", toJson(state)}};
  switch (state.kind) {
    case Kind::kOnline:
      return {"-- on line", std::move(json)};
    case Kind::kWaitingForNetwork:
      return {"-- no connection" + (state.detail.empty() ? "" : ": " + printable(state.detail)), std::move(json)};
    default:
      return {"", std::move(json)};
  }
}

EventText describeItem(std::string_view kind, const AccountId& conversation, const TimelineItem& item, Client& client) {
  const std::string who = item.mine ? "you" : nameOf(conversation, client);
  return {shortTime(item.statedAt.ms != 0 ? item.statedAt : item.arrivedAt) + "  " + who + "  " + lineText(item),
          {{"event", kind}, {"conversation", conversation.text()}, {"message", toJson(item)}}};
}

EventText describeChange(const event::MessageChanged& changed) {
  Json json = {{"event", "state"},
               {"conversation", changed.conversation.text()},
               {"id", text(changed.id)},
               {"state", name(changed.state)}};
  if (changed.state == DeliveryState::kPending) json["reason"] = name(changed.pending);
  return {"", std::move(json)};
}

EventText describeContact(const AccountId& account, Client& client) {
  const auto contact = client.findContact(account.text());
  Json json = {{"event", "contact"}, {"account", account.text()}};
  if (!contact) return {"", std::move(json)};
  json["state"] = name(contact->state);
  if (contact->state != ContactState::kRequested) return {"", std::move(json)};
  return {"-- " + displayName(*contact) + " asks to be a contact: waxwing contact accept " + account.text() + " NAME",
          std::move(json)};
}

EventText describeRestored(event::Restored::What what) {
  if (what == event::Restored::What::kDatabase) {
    return {"-- this profile was restored from an older copy; what was missing is queued again",
            {{"event", "restored"}, {"what", "profile"}}};
  }
  return {"-- the relay was restored from an older copy", {{"event", "restored"}, {"what", "relay"}}};
}

}  // namespace

EventText describe(const Event& event, Client& client) {
  struct Describer {
    Client& client;
    EventText operator()(const event::MessageArrived& e) {
      return describeItem("message", e.conversation, e.item, client);
    }
    EventText operator()(const event::TimelineNote& e) { return describeItem("note", e.conversation, e.item, client); }
    EventText operator()(const event::MessageChanged& e) { return describeChange(e); }
    EventText operator()(const event::ContactChanged& e) { return describeContact(e.account, client); }
    EventText operator()(const event::LinkChanged& e) { return describeLink(e.state); }
    EventText operator()(const event::Restored& e) { return describeRestored(e.what); }
    EventText operator()(const event::EnvelopeRefused& e) {
      return {"-- something arrived and could not be read: " + printable(e.reason),
              {{"event", "notRead"}, {"code", waxwing::name(e.code)}, {"reason", e.reason}}};
    }
    EventText operator()(const event::CaughtUp&) { return {"", {{"event", "caughtUp"}}}; }
    EventText operator()(const event::Failed& e) {
      return {"", {{"event", "failed"}, {"code", name(e.cause.code)}, {"message", e.cause.message}}};
    }
    EventText operator()(const event::OwnDevicesChanged&) { return {"-- own devices changed", {{"event", "devices"}}}; }
  };
  return std::visit(Describer{client}, event);
}

Outcome follow(Context& context, const std::string& to) {
  const Descriptor signals(blockedSignals());
  Printer printer(context.output);
  const auto opened = openClient(context, [&printer](const Event& event) { printer.take(event); });
  if (!opened) return tl::unexpected(opened.error());
  Client& client = **opened;
  Typed typed;
  if (!to.empty()) {
    const auto contact = client.findContact(unguarded(to));
    if (!contact) return tl::unexpected(contact.error());
    typed.sender.emplace(client, *contact, context.output);
  }
  printer.begin(client);
  client.goOnline();
  const Ended ended = waitForEnd(printer, signals.get(), typed);
  if (ended == Ended::kByLink) {
    if (const auto works = client.devices(); !works) return tl::unexpected(works.error());
    return fail(Errc::kNotAllowed, std::string(stopText(client.linkState().stop)));
  }
  if (typed.sender && typed.sender->failure()) return tl::unexpected(*typed.sender->failure());
  if (ended == Ended::kBySignal) return ExitStatus::kOk;
  const auto settled = client.waitUntilSettled(kLastSync);
  if (!settled) return tl::unexpected(settled.error());
  if (*settled != Client::Settled::kYes) return ExitStatus::kUnreachable;
  return typed.sender->refused() == 0 ? ExitStatus::kOk : ExitStatus::kFailed;
}

}  // namespace waxwing::tool
