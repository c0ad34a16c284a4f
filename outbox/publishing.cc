#include "outbox/publishing.h"

namespace waxwing {

void Publishing::onAttached() {
  manifestChecked_ = false;
  keysChecked_ = false;
  retryAt_ = {};
  backoff_.reset();
}

void Publishing::onRegistered() {
  Step step(context_, CommitPoint::kKeys);
  // A device that joins knows the account's access keys as they were when it was granted.
  if (context_.self.isPrimary()) keys_.publishAgain(step);
  context_.settings.putInteger(step, setting::kKeysRestored, 1);
  step.commit();
  context_.publishingDue = true;
}

Publishing::Duty Publishing::next() {
  if (!manifestChecked_ || context_.settings.findInteger(setting::kSignNothing)) return Duty::kFetchManifest;
  if (relayManifest_ < context_.roster.ref(context_.selfAccount()).version) return Duty::kPublishManifest;
  // What siblings have said of them is read first.
  if (keys_.changed() && network_.caughtUp) return Duty::kAccessKeys;
  // What the relay counts tells a restored relay from a twin: it is not counted up before that is judged.
  const bool wantsKeys = !keysChecked_ || context_.settings.findInteger(setting::kKeysRestored);
  return wantsKeys && flush_.isChecked() ? Duty::kKeyStatus : Duty::kNone;
}

bool Publishing::idle() { return !busy_ && (!network_.ownUp() || retryAt_ > context_.now() || next() == Duty::kNone); }

std::optional<WallTime> Publishing::nextDeadline() {
  if (busy_ || !network_.ownUp() || context_.stopped != LinkState::Stop::kNone) return std::nullopt;
  if (!flush_.isChecked()) return std::nullopt;
  if (retryAt_ > context_.now()) return retryAt_;
  WallTime next = context_.preKeys.nextDue();
  if (context_.self.isPrimary()) next = std::min(next, manifestDue());
  return std::max(next, context_.now());
}

void Publishing::pump() {
  if (busy_ || !network_.ownUp() || context_.stopped != LinkState::Stop::kNone || retryAt_ > context_.now()) return;
  if (context_.preKeys.nextDue() <= context_.now()) keysChecked_ = false;
  if (manifestChecked_) refreshManifest();
  switch (next()) {
    case Duty::kNone:
      backoff_.reset();
      context_.publishingDue = false;
      return;
    case Duty::kFetchManifest:
      return fetchManifest();
    case Duty::kPublishManifest:
      return publishManifest();
    case Duty::kAccessKeys:
      return setAccessKeys(keys_.changed().value());
    case Duty::kKeyStatus:
      return askKeyStatus();
  }
}

// When the list is to be signed anew: at once if that was done by a clock that ran far ahead. A list knows no time
// before 1970.
WallTime Publishing::manifestDue() {
  const auto now = std::max(context_.now(), WallTime{0});
  const auto issued = issuedAt(context_.roster.find(context_.selfAccount())->manifest());
  return std::chrono::abs(now - issued) >= limits::kManifestRefresh ? now : issued + limits::kManifestRefresh;
}

// The primary signs anew each week, so that a withheld list shows.
void Publishing::refreshManifest() {
  if (!context_.self.isPrimary() || context_.settings.findInteger(setting::kSignNothing)) return;
  if (context_.now() < manifestDue()) return;
  const SignedManifest* own = context_.roster.find(context_.selfAccount());
  Step step(context_, CommitPoint::kDevices);
  const auto signedAnew = context_.book.reissue(step, context_.self, own->manifest());
  if (!signedAnew) return failed();
  context_.roster.forget(context_.selfAccount());
  step.commit();
}

template <typename Kind, typename Use>
Ticket Publishing::expect(Use use) {
  busy_ = true;
  return network_.tickets.openFor<Kind>([this, use](tl::expected<Kind, Error> answer) {
    busy_ = false;
    if (!answer) return failed();
    use(*answer);
  });
}

void Publishing::fetchManifest() {
  network_.link->fetchOwnManifest(expect<ManifestAnswer>([this](const ManifestAnswer& answer) {
    manifestChecked_ = true;
    relayManifest_ = 0;
    Step step(context_, CommitPoint::kDevices);
    if (!answer.manifest.empty()) {
      const std::uint64_t before = context_.roster.ref(context_.selfAccount()).version;
      const auto taken = manifests_.take(step, context_.selfAccount(), answer.manifest);
      const bool adopted = taken && *taken == ManifestOrder::kNewer;
      if (adopted) relayManifest_ = context_.roster.ref(context_.selfAccount()).version;
      // What was superseded just now is to be published; what cannot be, is not.
      if (taken && !adopted && *taken != ManifestOrder::kStale) relayManifest_ = before;
    }
    context_.settings.remove(step, setting::kSignNothing);
    step.commit();
  }));
}

void Publishing::publishManifest() {
  const SignedManifest* own = context_.roster.find(context_.selfAccount());
  const std::uint64_t version = (*own)->version;
  network_.link->publishManifest(toBytes(own->bytes()),
                                 expect<MailboxAnswer>([this, version](const MailboxAnswer& answer) {
                                   switch (answer.outcome) {
                                     case MailboxAnswer::Outcome::kOk:
                                       relayManifest_ = version;
                                       return;
                                     case MailboxAnswer::Outcome::kStale:
                                       manifestChecked_ = false;
                                       return failed();
                                     case MailboxAnswer::Outcome::kRefused:
                                     case MailboxAnswer::Outcome::kBusy:
                                     case MailboxAnswer::Outcome::kReplaced:
                                       return failed();
                                   }
                                 }));
}

void Publishing::setAccessKeys(std::int64_t change) {
  network_.link->setAccessKeys(keys_.hashes(), expect<MailboxAnswer>([this, change](const MailboxAnswer& answer) {
                                 if (answer.outcome != MailboxAnswer::Outcome::kOk) return failed();
                                 Step step(context_, CommitPoint::kKeys);
                                 keys_.published(step, change);
                                 step.commit();
                               }));
}

void Publishing::askKeyStatus() {
  network_.link->keyStatus(expect<KeyStatusAnswer>([this](const KeyStatusAnswer& status) { publishKeys(status); }));
}

void Publishing::publishKeys(const KeyStatusAnswer& status) {
  const bool anew = context_.settings.findInteger(setting::kKeysRestored).has_value();
  Step step(context_, CommitPoint::kKeys);
  context_.preKeys.destroyExpired(step);
  keys_.dropPast(step);
  const auto occasion = anew ? PreKeys::Occasion::kRestored : PreKeys::Occasion::kRoutine;
  auto publication = context_.preKeys.prepare(step, occasion, {status.counter, status.oneTimeKeys});
  step.commit();
  keysChecked_ = true;
  if (!publication) return;
  KeyPublication keys{.signedKeys = std::move(publication->signedKeys), .oneTime = std::move(publication->oneTime)};
  if (publication->replaceAll) keys.mode = KeyPublication::Mode::kReplaceAll;
  keysChecked_ = false;
  network_.link->publishKeys(std::move(keys), expect<MailboxAnswer>([this, anew](const MailboxAnswer& answer) {
                               if (answer.outcome != MailboxAnswer::Outcome::kOk) return failed();
                               keysChecked_ = true;
                               Step done(context_, CommitPoint::kKeys);
                               // What was asked for while others were on the way is still due.
                               if (anew) context_.settings.remove(done, setting::kKeysRestored);
                               const auto counter = static_cast<std::int64_t>(answer.counter);
                               context_.settings.putInteger(done, setting::kKeysCounter, counter);
                               done.commit();
                             }));
}

void Publishing::failed() { retryAt_ = context_.now() + backoff_.next(context_.random); }

}  // namespace waxwing
