#include "outbox/outbox.h"

#include "crypto/mutation.h"
#include "crypto/text.h"
#include "outbox/core.h"
#include "outbox/restored.h"
#include "outbox/timeline.h"

namespace waxwing {

Result<std::unique_ptr<Outbox>> Outbox::open(Database& db, Ports ports) {
  auto self = OwnDevice::load(db);
  if (!self) return tl::unexpected(self.error());
  auto core = std::make_unique<Core>(db, std::move(*self), std::move(ports));
  if (auto whole = core->context.ratchet.checkGenerations(); !whole) return tl::unexpected(whole.error());
  return std::unique_ptr<Outbox>(new Outbox(std::move(core)));
}

Result<void> Outbox::join(Database& db, std::string_view grant, const Clock& clock, Random& random) {
  Transaction transaction(db, CommitPoint::kCreateProfile);
  const auto accepted = acceptDeviceGrant(transaction, grant, clock, random);
  if (!accepted) return tl::unexpected(accepted.error());
  takeGrant(transaction, *accepted, clock);
  transaction.commit();
  return {};
}

Outbox::Outbox(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Outbox::~Outbox() = default;

void Outbox::connect(Link& link) {
  core_->network.link = &link;
  core_->lanes.retryAll();
}

void Outbox::setRegistrationToken(std::string token) { core_->registrationToken = std::move(token); }

void Outbox::tick() {
  core_->noticeClock();
  core_->applySlice();
  core_->applySlow();
  core_->receipts.sendIfDue();
  core_->fullTurn();
}

std::optional<WallTime> Outbox::nextDeadline() { return core_->nextDeadline(); }

// Composing

Result<MessageId> Outbox::send(const AccountId& to, std::string_view text) {
  if (text.size() > limits::kTextBytes) return fail(Errc::kTooLong, "the text is longer than 32 KiB");
  if (!isUtf8(text)) return fail(Errc::kNotUtf8, "the text is not UTF-8");
  if (core_->context.stopped != LinkState::Stop::kNone) {
    return fail(Errc::kNotAllowed, "this device was stopped: it can no longer send");
  }
  switch (core_->context.contactState(to)) {
    case ContactState::kInvited:
    case ContactState::kAccepted:
      break;
    case ContactState::kRequested:
      return fail(Errc::kNotAllowed, "accept the contact request first");
    case ContactState::kBlocked:
      return fail(Errc::kNotAllowed, "this contact is blocked");
    default:
      return fail(Errc::kUnknownContact, "there is no such contact");
  }
  Step step(core_->context, CommitPoint::kCompose);
  const auto composed = core_->composer.compose(step, {.conversation = to,
                                                       .kind = static_cast<std::uint8_t>(TimelineItem::Kind::kText),
                                                       .body = body::Text{std::string(text)},
                                                       .owedTo = {to, core_->context.selfAccount()}});
  if (mutated(Mutation::kSendWithoutCommit) && composed.id.bytes[0] % 16 == 0) return composed.id;
  step.commit();
  core_->turn();
  return composed.id;
}

Result<std::size_t> Outbox::markRead(const AccountId& conversation, std::int64_t upToPosition) {
  const auto unread = core_->context.messages.unread(conversation, upToPosition);
  if (unread.empty()) return 0;
  Step step(core_->context, CommitPoint::kCompose);
  body::SyncRead seen;
  for (const auto& row : unread) {
    core_->context.messages.markRead(step, row.position);
    if (row.kind == static_cast<std::uint8_t>(TimelineItem::Kind::kText)) {
      core_->receipts.addRead(step, conversation, row.id);
    }
    seen.messages.push_back({{row.author, row.device}, row.id});
  }
  for (std::size_t begin = 0; begin < seen.messages.size(); begin += limits::kReceiptsPerContent) {
    const std::size_t end = std::min(seen.messages.size(), begin + limits::kReceiptsPerContent);
    const auto at = [&](std::size_t index) { return seen.messages.begin() + static_cast<std::ptrdiff_t>(index); };
    core_->composer.tellSiblings(step, conversation, body::SyncRead{{at(begin), at(end)}});
  }
  step.commit();
  core_->turn();
  return unread.size();
}

Result<void> Outbox::cancel(std::int64_t outboxItem) {
  Context& context = core_->context;
  const auto row = context.messages.find(outboxItem);
  const bool text = row && row->mine && row->kind == static_cast<std::uint8_t>(TimelineItem::Kind::kText);
  if (!text || row->state != static_cast<std::uint8_t>(DeliveryState::kPending)) {
    return fail(Errc::kNotFound, "no message with this number waits");
  }
  const AccountId accounts[] = {row->conversation, context.selfAccount()};
  std::vector<DeviceAddress> numbered;
  for (const AccountId& account : accounts) {
    if (core_->lanes.isSubmitting(account)) return fail(Errc::kNotAllowed, "it is being submitted just now");
    for (const auto& part : context.deliveries.ofMessage(account, row->position)) {
      if (part.status > DeliveryTable::Status::kReady) return fail(Errc::kNotAllowed, "it may have left already");
      if (part.status == DeliveryTable::Status::kReady) numbered.push_back({account, part.device});
    }
  }
  Step step(context, CommitPoint::kCompose);
  core_->states.raise(step, *row, DeliveryState::kFailed, FailedReason::kCancelled);
  // A part with a number is sent empty, so that no hole shows; the others were never promised to anyone.
  for (const AccountId& account : accounts) {
    for (const auto& part : context.deliveries.ofMessage(account, row->position)) {
      const DeliveryTable::Key key{account, row->position, part.device};
      if (part.status == DeliveryTable::Status::kWaiting && !context.deliveries.findHead(key)) {
        context.deliveries.remove(step, key);
      }
    }
  }
  for (const DeviceAddress& device : numbered) core_->composer.withdraw(step, device, row->position);
  step.commit();
  core_->turn();
  return {};
}

void Outbox::flushReceipts() {
  core_->receipts.sendNow();
  core_->turn();
}

void Outbox::switchDeliveredReceipts(ReceiptSwitch wanted) {
  core_->receipts.switchReceipts(setting::kDeliveredOff, wanted);
}

void Outbox::switchReadReceipts(ReceiptSwitch wanted) { core_->receipts.switchReceipts(setting::kReadOff, wanted); }

// Contacts

Result<AccountId> Outbox::addContact(std::string_view name, const Invite& invite) {
  Step step(core_->context, CommitPoint::kContacts);
  auto added = core_->contacts.add(step, name, invite);
  if (!added) return added;
  step.commit();
  core_->turn();
  return added;
}

Result<void> Outbox::acceptContact(const AccountId& account, std::string_view name) {
  Step step(core_->context, CommitPoint::kContacts);
  if (auto accepted = core_->contacts.accept(step, account, name); !accepted) return accepted;
  step.commit();
  core_->turn();
  return {};
}

Result<void> Outbox::blockContact(const AccountId& account) {
  Step step(core_->context, CommitPoint::kContacts);
  if (auto blocked = core_->contacts.block(step, account); !blocked) return blocked;
  step.commit();
  core_->turn();
  return {};
}

Result<void> Outbox::trustManifest(const AccountId& account, const Hash& manifest) {
  Step step(core_->context, CommitPoint::kContacts);
  if (auto settled = core_->manifests.settle(step, account, manifest); !settled) return settled;
  if (const auto row = core_->context.contacts.find(account)) {
    core_->contacts.tellSiblings(step, *row, manifest);
  }
  step.commit();
  core_->turn();
  return {};
}

std::vector<Contact> Outbox::contacts() { return core_->contacts.all(); }
std::optional<Contact> Outbox::findContact(std::string_view name) { return core_->contacts.find(name); }
std::optional<Contact> Outbox::findContact(const AccountId& account) { return core_->contacts.find(account); }

std::optional<std::pair<Hash, Hash>> Outbox::equivocation(const AccountId& account) {
  const auto found = core_->context.book.equivocation(account);
  if (!found) return std::nullopt;
  return std::pair(found->held, found->other);
}

Result<Invite> Outbox::createInvite() {
  Step step(core_->context, CommitPoint::kContacts);
  auto key = core_->keys.addInvite(step);
  if (!key) return tl::unexpected(key.error());
  step.commit();
  core_->turn();
  return Invite{core_->context.selfAccount(), std::move(*key), relay()};
}

// Looking

std::vector<TimelineItem> Outbox::messages(const AccountId& conversation, PageOf page) {
  std::vector<TimelineItem> items;
  for (const auto& row : core_->context.messages.page(conversation, page.before, page.most)) {
    items.push_back(timelineItem(core_->context, row));
  }
  return items;
}

std::optional<TimelineItem> Outbox::message(const AccountId& conversation, const MessageId& id) {
  const auto row = core_->context.messages.findIn(conversation, id);
  return row ? std::optional(timelineItem(core_->context, *row)) : std::nullopt;
}

std::vector<OutboxItem> Outbox::outbox() { return outboxItems(core_->context); }

std::vector<RefusedEnvelopes> Outbox::refused() {
  std::vector<RefusedEnvelopes> found;
  for (auto& sum : core_->context.refusals.ofEnvelopes()) {
    found.push_back({sum.code, std::move(sum.reason), sum.count, sum.newest});
  }
  return found;
}

const LinkState& Outbox::linkState() const { return core_->shown; }
bool Outbox::isTestProfile() const { return core_->context.disclosure.isOn(); }

DeviceAddress Outbox::self() const { return core_->context.selfAddress(); }

const RelayAddress Outbox::relay() {
  const SignedManifest* manifest = core_->context.roster.find(core_->context.selfAccount());
  return manifest != nullptr ? (*manifest)->relay : RelayAddress{};
}

bool Outbox::settled() { return core_->settled(); }

// Devices

std::vector<OwnDeviceInfo> Outbox::devices() { return core_->devices.all(); }

Hash Outbox::ownManifest() { return core_->context.roster.ref(core_->context.selfAccount()).hash; }

Result<std::string> Outbox::grantDevice(std::string_view requestText) {
  auto text = core_->devices.grant(requestText);
  if (text) core_->turn();
  return text;
}

Result<void> Outbox::retireDevice(DeviceId device) {
  auto retired = core_->devices.retire(device);
  if (retired) core_->turn();
  return retired;
}

// LinkHost

Outbox::Login Outbox::login() {
  return {relay(), core_->context.selfAddress(), core_->context.anchors.newestConfirmed()};
}

Signature Outbox::signLogin(ByteView body) { return core_->context.self.sign(SignatureUse::kLogin, body); }

std::optional<Outbox::Registration> Outbox::registration() {
  if (!core_->context.self.isPrimary()) return std::nullopt;
  const SignedManifest* manifest = core_->context.roster.find(core_->context.selfAccount());
  if (manifest == nullptr) return std::nullopt;
  return Registration{toBytes(manifest->bytes()), core_->registrationToken};
}

Signature Outbox::signRegistration(ByteView body) {
  const SigningKeyPair* key = core_->context.self.accountKey();
  if (key == nullptr) throw std::logic_error("only the primary registers the account");
  return key->sign(SignatureUse::kRegister, body);
}

void Outbox::onRegistered() { core_->publishing.onRegistered(); }

void Outbox::onAttached(std::uint64_t acknowledged, std::uint64_t last) {
  Context& context = core_->context;
  const auto known = context.settings.findInteger(setting::kAcknowledged);
  if (known && static_cast<std::uint64_t>(*known) > last) {
    Step step(context, CommitPoint::kAnchor);
    followRelayRestored(context, step, core_->keys);
    step.commit();
  }
  core_->network.attached = true;
  core_->network.caughtUp = false;
  core_->network.left = last - std::min(acknowledged, last);
  core_->inbox.clear();
  core_->flush.onAttached();
  core_->publishing.onAttached();
  core_->lanes.onAttached();
  core_->fullTurn();
}

void Outbox::onPage(Page page) {
  if (mutated(Mutation::kAcknowledgeBeforeCommit) && !page.items.empty()) {
    const auto* last = std::get_if<IncomingEnvelope>(&page.items.back());
    const Ticket ticket = core_->network.tickets.openFor<MailboxAnswer>([](const auto&) {});
    if (last != nullptr) core_->network.link->acknowledge(last->number, ticket);
    return core_->inbox.add(std::move(page));
  }
  core_->inbox.add(std::move(page));
  core_->applySlice();
  core_->turn();
}

void Outbox::onFence() {
  core_->network.caughtUp = true;
  core_->applySlow();
  core_->lanes.onFence();
  core_->context.events.add(event::CaughtUp{});
  core_->fullTurn();
}

void Outbox::onLinkState(const LinkState& state) {
  core_->network.state = state;
  const bool up = state.kind == LinkState::Kind::kSyncing || state.kind == LinkState::Kind::kOnline;
  if (!up) {
    core_->network.attached = false;
    core_->network.caughtUp = false;
    core_->inbox.clear();
  }
  if (state.kind == LinkState::Kind::kStopped && state.stop == LinkState::Stop::kRetired &&
      core_->context.stopped == LinkState::Stop::kNone) {
    Step step(core_->context, CommitPoint::kDevices);
    stop(core_->context, step, core_->states, LinkState::Stop::kRetired);
    step.commit();
  }
  core_->fullTurn();
}

void Outbox::onAnswer(Ticket ticket, tl::expected<Answer, Error> answer) {
  core_->network.tickets.answer(ticket, std::move(answer));
  core_->fullTurn();
}

}  // namespace waxwing
