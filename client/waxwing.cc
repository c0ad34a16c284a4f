#include "client/waxwing.hpp"

#include "client/client_thread.h"
#include "client/profile.h"
#include "crypto/text.h"
#include "session/device_link.h"
#include "session/invite.h"
#include "session/safety_number.h"

namespace waxwing {
namespace {

Database::Options databaseOptions(const Client::Options& options) {
  return {.path = options.database, .key = options.databaseKey};
}

Client::Settled settledOf(Core::Settled settled) {
  switch (settled) {
    case Core::Settled::kYes:
      return Client::Settled::kYes;
    case Core::Settled::kUnreachable:
      return Client::Settled::kUnreachable;
    case Core::Settled::kStopped:
      return Client::Settled::kStopped;
    case Core::Settled::kTimedOut:
      break;
  }
  return Client::Settled::kTimedOut;
}

}  // namespace

class Client::Impl {
 public:
  static Result<std::unique_ptr<Client>> start(const Options& options, ClientThread::OpenDatabase open) {
    auto thread = ClientThread::start(std::move(open), {options.restoreMarker, options.onEvent});
    if (!thread) return tl::unexpected(std::move(thread.error()));
    return std::unique_ptr<Client>(new Client(std::make_unique<Impl>(std::move(*thread))));
  }

  explicit Impl(std::unique_ptr<ClientThread> thread)
      : thread_(std::move(thread)), self_(thread_->call([](Core& core) { return core.perform(&selfOf); }).value()) {}

  ClientThread& thread() { return *thread_; }
  const DeviceAddress& self() const { return self_; }

  template <typename Use>
  auto perform(Use use) {
    return thread_->call([&](Core& core) { return core.perform(use); });
  }

 private:
  static DeviceAddress selfOf(Outbox& outbox) { return outbox.self(); }

  std::unique_ptr<ClientThread> thread_;
  DeviceAddress self_;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

// Opening

Result<std::unique_ptr<Client>> Client::create(const Options& options, const RelayAddress& relay, std::string token) {
  return Impl::start(
      options, [&] { return createProfile(databaseOptions(options), relay, token, systemClock(), systemRandom()); });
}

Result<std::unique_ptr<Client>> Client::createForTests(const Options& options, const RelayAddress& relay,
                                                       std::string token) {
  return Impl::start(options, [&] {
    return createProfile(databaseOptions(options), relay, token, systemClock(), systemRandom(), Purpose::kTest);
  });
}

Result<std::unique_ptr<Client>> Client::open(const Options& options) {
  return Impl::start(options, [&] { return openProfile(databaseOptions(options)); });
}

Result<Client::DeviceRequestText> Client::requestDevice(const Options& options, const AccountId& account) {
  const auto request = requestProfile(databaseOptions(options), account, systemClock(), systemRandom());
  if (!request) return tl::unexpected(request.error());
  auto shortCode = request->shortCode();
  if (!shortCode) return tl::unexpected(shortCode.error());
  return DeviceRequestText{request->text(), std::move(*shortCode)};
}

Result<std::unique_ptr<Client>> Client::joinDevice(const Options& options, std::string_view grant) {
  return Impl::start(options,
                     [&] { return joinProfile(databaseOptions(options), grant, systemClock(), systemRandom()); });
}

DeviceAddress Client::self() const { return impl_->self(); }

RelayAddress Client::relay() const {
  return impl_->perform([](Outbox& outbox) -> RelayAddress { return outbox.relay(); }).value_or(RelayAddress{});
}

bool Client::isTestProfile() const {
  return impl_->perform([](Outbox& outbox) { return outbox.isTestProfile(); }).value_or(false);
}

// The link

void Client::goOnline() {
  impl_->thread().call([](Core& core) { core.goOnline(); });
}

void Client::goOffline() {
  impl_->thread().call([](Core& core) { core.goOffline(); });
}

void Client::networkChanged() {
  impl_->thread().call([](Core& core) { core.networkChanged(); });
}

LinkState Client::linkState() {
  return impl_->thread().call([](Core& core) { return core.linkState(); });
}

Result<Client::Settled> Client::waitUntilSettled(std::chrono::milliseconds timeout) {
  auto settled = impl_->thread().waitUntilSettled(timeout);
  if (!settled) return tl::unexpected(std::move(settled.error()));
  return settledOf(*settled);
}

// Contacts

Result<std::string> Client::createInvite() {
  return impl_->perform([](Outbox& outbox) -> Result<std::string> {
    const auto invite = outbox.createInvite();
    if (!invite) return tl::unexpected(invite.error());
    return invite->text();
  });
}

Result<AccountId> Client::addContact(std::string_view name, std::string_view invite) {
  const auto parsed = Invite::parse(invite);
  if (!parsed) return tl::unexpected(parsed.error());
  return impl_->perform([&](Outbox& outbox) { return outbox.addContact(name, *parsed); });
}

Result<void> Client::acceptContact(const AccountId& account, std::string_view name) {
  return impl_->perform([&](Outbox& outbox) { return outbox.acceptContact(account, name); });
}

Result<void> Client::blockContact(const AccountId& account) {
  return impl_->perform([&](Outbox& outbox) { return outbox.blockContact(account); });
}

Result<std::vector<Contact>> Client::contacts() {
  return impl_->perform([](Outbox& outbox) { return outbox.contacts(); });
}

Result<Contact> Client::findContact(std::string_view nameOrAccount) {
  return impl_->perform([&](Outbox& outbox) -> Result<Contact> {
    if (auto byName = outbox.findContact(nameOrAccount)) return std::move(*byName);
    const auto bytes = fromBase64url(nameOrAccount);
    const auto account = bytes ? AccountId::parse(*bytes) : fail(Errc::kUnknownContact, "");
    auto byAccount = account ? outbox.findContact(*account) : std::nullopt;
    if (!byAccount) return fail(Errc::kUnknownContact, "no contact has that name or account");
    return std::move(*byAccount);
  });
}

std::string Client::safetyNumber(const AccountId& contact) const {
  return waxwing::safetyNumber(impl_->self().account, contact);
}

Result<std::optional<std::pair<Hash, Hash>>> Client::equivocation(const AccountId& account) {
  return impl_->perform([&](Outbox& outbox) { return outbox.equivocation(account); });
}

Result<void> Client::trustManifest(const AccountId& account, const Hash& manifest) {
  return impl_->perform([&](Outbox& outbox) { return outbox.trustManifest(account, manifest); });
}

// Messages

Result<MessageId> Client::send(const AccountId& to, std::string_view text) {
  return impl_->perform([&](Outbox& outbox) { return outbox.send(to, text); });
}

Result<std::vector<TimelineItem>> Client::messages(const AccountId& conversation, PageOf page) {
  return impl_->perform([&](Outbox& outbox) { return outbox.messages(conversation, {page.before, page.most}); });
}

Result<std::size_t> Client::markRead(const AccountId& conversation, std::int64_t upToPosition) {
  return impl_->perform([&](Outbox& outbox) { return outbox.markRead(conversation, upToPosition); });
}

Result<std::vector<OutboxItem>> Client::outbox() {
  return impl_->perform([](Outbox& outbox) { return outbox.outbox(); });
}

Result<std::vector<RefusedEnvelopes>> Client::refused() {
  return impl_->perform([](Outbox& outbox) { return outbox.refused(); });
}

Result<void> Client::cancel(std::int64_t outboxItem) {
  return impl_->perform([&](Outbox& outbox) { return outbox.cancel(outboxItem); });
}

// Devices

Result<std::vector<OwnDeviceInfo>> Client::devices() {
  return impl_->perform([](Outbox& outbox) { return outbox.devices(); });
}

Result<Hash> Client::ownManifest() {
  return impl_->perform([](Outbox& outbox) { return outbox.ownManifest(); });
}

Result<std::string> Client::shortCodeOf(std::string_view requestText) {
  const auto request = DeviceRequest::parse(requestText);
  if (!request) return tl::unexpected(request.error());
  return request->shortCode();
}

Result<std::string> Client::grantDevice(std::string_view requestText) {
  return impl_->perform([&](Outbox& outbox) { return outbox.grantDevice(requestText); });
}

Result<void> Client::retireDevice(DeviceId device) {
  return impl_->perform([&](Outbox& outbox) { return outbox.retireDevice(device); });
}

}  // namespace waxwing
