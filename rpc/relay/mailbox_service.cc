#include "rpc/relay/mailbox_service.h"

#include "rpc/relay/convert.h"
#include "rpc/relay/submission.h"

namespace waxwing::relay {
namespace {

constexpr std::size_t kContactKeys = 2;

// The verdicts that every mailbox operation shares; `refused` is for all others.
template <typename Verdict>
wire::MailboxOutcome outcomeOf(Verdict verdict) {
  if (verdict == Verdict::kOk) return wire::MailboxOutcome::OK;
  if (verdict == Verdict::kReplaced) return wire::MailboxOutcome::REPLACED;
  return wire::MailboxOutcome::REFUSED;
}

wire::MailboxOutcome manifestOutcome(ManifestOutcome::Verdict verdict) {
  using Verdict = ManifestOutcome::Verdict;
  const bool stale = verdict == Verdict::kStale || verdict == Verdict::kEquivocation;
  return stale ? wire::MailboxOutcome::STALE : outcomeOf(verdict);
}

// The published keys if they are the device's own and its listed keys signed them.
std::optional<SignedKeys> verifiedKeys(ByteView bytes, const DeviceAddress& owner,
                                       const std::optional<HeldManifest>& held) {
  if (!held) return std::nullopt;
  const auto manifest = SignedManifest::fromTrusted(held->bytes);
  const auto* device = manifest->find(owner.device);
  if (!device) return std::nullopt;
  auto keys = SignedKeys::parse(bytes, owner.account, *device);
  return keys ? std::optional(std::move(*keys)) : std::nullopt;
}

}  // namespace

void MailboxService::requireInCharge() const {
  if (!link_->inCharge()) refuse("this link was replaced");
}

kj::Promise<void> MailboxService::attach(AttachContext context) {
  return peer_->call([&] {
    requireInCharge();
    return link_->attach(context.getParams().getSink())
        .then([context, link = kj::addRef(*link_)](Result<Position> position) mutable {
          if (!position) refuse("the relay is busy");
          if (!link->inCharge()) refuse("this link was replaced");
          context.getResults().setAcknowledged(position->acknowledged);
          context.getResults().setLast(position->last);
        });
  });
}

kj::Promise<void> MailboxService::acknowledge(AcknowledgeContext context) {
  return callInCharge(context, [&] {
    const auto upTo = context.getParams().getUpTo();
    return queue()
        .commit(Acknowledge{login(), upTo})
        .then([context, upTo, link = kj::addRef(*link_)](Result<AcknowledgeOutcome> outcome) mutable {
          auto results = context.getResults();
          if (!outcome) return results.setOutcome(wire::MailboxOutcome::BUSY);
          if (outcome->verdict == AcknowledgeOutcome::Verdict::kNeverDelivered)
            refuse("that number was never delivered");
          if (outcome->verdict == AcknowledgeOutcome::Verdict::kOk) link->acknowledged(upTo);
          results.setOutcome(outcomeOf(outcome->verdict));
        });
  });
}

kj::Promise<void> MailboxService::swapAnchor(SwapAnchorContext context) {
  return callInCharge(context, [&] {
    const auto params = context.getParams();
    const SwapAnchor swap{login(), readFixed<Anchor>(params.getExpected(), "anchor"),
                          readFixed<Anchor>(params.getNext(), "anchor")};
    return queue().commit(swap).then([context](Result<SwapAnchorOutcome> outcome) mutable {
      auto results = context.getResults();
      if (!outcome) return results.setOutcome(wire::MailboxOutcome::BUSY);
      const bool mismatch = outcome->verdict == SwapAnchorOutcome::Verdict::kMismatch;
      results.setOutcome(mismatch ? wire::MailboxOutcome::MISMATCH : outcomeOf(outcome->verdict));
      results.setCurrent(toData(outcome->current.view()));
    });
  });
}

kj::Promise<void> MailboxService::publishKeys(PublishKeysContext context) {
  return callInCharge(context, [&] {
    const auto params = context.getParams();
    PublishKeys publish{
        login(), readBytes(params.getSigned(), limits::kPublishedKeysBytes, "published keys"), 0,
        params.getReplace() == wire::Replace::ALL ? PublishKeys::Mode::kReplaceAll : PublishKeys::Mode::kRefill,
        readOneTimeKeys(params.getOneTime())};
    auto find = [account = login().address.account](MailboxStore& store) { return store.findManifest(account); };
    return queue().read(find).then([context, publish = std::move(publish), peer = kj::addRef(*peer_)](
                                       Result<std::optional<HeldManifest>> held) mutable -> kj::Promise<void> {
      if (!held) {
        context.getResults().setOutcome(wire::MailboxOutcome::BUSY);
        return kj::READY_NOW;
      }
      const auto keys = verifiedKeys(publish.signedKeys, publish.login.address, *held);
      if (!keys) {
        context.getResults().setOutcome(wire::MailboxOutcome::REFUSED);
        return kj::READY_NOW;
      }
      publish.counter = keys->keys().counter;
      return peer->core()
          .queue()
          .commit(std::move(publish))
          .then([context](Result<PublishKeysOutcome> outcome) mutable {
            auto results = context.getResults();
            if (!outcome) return results.setOutcome(wire::MailboxOutcome::BUSY);
            const bool stale = outcome->verdict == PublishKeysOutcome::Verdict::kStale;
            results.setOutcome(stale ? wire::MailboxOutcome::STALE : outcomeOf(outcome->verdict));
            results.setCounter(outcome->counter);
          });
    });
  });
}

kj::Promise<void> MailboxService::keyStatus(KeyStatusContext context) {
  return callInCharge(context, [&] {
    auto find = [device = login().address](MailboxStore& store) { return store.findKeyStatus(device); };
    return queue().read(find).then([context](Result<std::optional<KeyStatus>> status) mutable {
      auto results = context.getResults();
      if (!status) return results.setOutcome(wire::MailboxOutcome::BUSY);
      const auto held = status->value_or(KeyStatus{});
      results.setCounter(held.counter);
      results.setOneTimeKeys(held.oneTimeKeys);
    });
  });
}

kj::Promise<void> MailboxService::publishManifest(PublishManifestContext context) {
  return callInCharge(context, [&]() -> kj::Promise<void> {
    const Bytes bytes = readBytes(context.getParams().getManifest(), limits::kManifestBytes, "a manifest");
    const auto manifest = SignedManifest::parse(bytes);
    if (!manifest || !peer_->core().options().goesBy((*manifest)->relay.name())) {
      context.getResults().setOutcome(wire::MailboxOutcome::REFUSED);
      return kj::READY_NOW;
    }
    return queue()
        .commit(PublishManifest{login(), factsOf(*manifest)})
        .then([context, peer = kj::addRef(*peer_)](Result<PublishManifestOutcome> outcome) mutable {
          auto results = context.getResults();
          if (!outcome) return results.setOutcome(wire::MailboxOutcome::BUSY);
          peer->core().cut(outcome->cut);
          results.setOutcome(manifestOutcome(outcome->verdict));
        });
  });
}

kj::Promise<void> MailboxService::setAccessKeys(SetAccessKeysContext context) {
  return callInCharge(context, [&] {
    const auto params = context.getParams();
    SetAccessKeys keys{login(), readHashes(params.getContact(), kContactKeys, "contact keys"),
                       readHashes(params.getInvites(), limits::kInviteKeys, "invite keys")};
    return queue().commit(std::move(keys)).then([context](Result<SetAccessKeysOutcome> outcome) mutable {
      context.getResults().setOutcome(outcome ? outcomeOf(outcome->verdict) : wire::MailboxOutcome::BUSY);
    });
  });
}

kj::Promise<void> MailboxService::submitToOwn(SubmitToOwnContext context) {
  return peer_->call([&] {
    requireInCharge();
    const auto params = context.getParams();
    auto submitted =
        submitBatch(*peer_, login().address.account, login(), params.getManifestVersion(), params.getEnvelopes());
    return submitted.then([context, peer = kj::addRef(*peer_)](Result<SubmitOutcome> outcome) mutable {
      answerSubmission(*peer, outcome, context.getResults());
    });
  });
}

kj::Promise<void> MailboxService::ownManifest(OwnManifestContext context) {
  return callInCharge(context, [&] {
    auto find = [account = login().address.account](MailboxStore& store) { return store.findManifest(account); };
    return queue().read(find).then([context](Result<std::optional<HeldManifest>> held) mutable {
      auto results = context.getResults();
      if (!held) return results.setOutcome(wire::MailboxOutcome::BUSY);
      if (*held) results.setManifest(toData((*held)->bytes));
    });
  });
}

kj::Promise<void> MailboxService::ownBundles(OwnBundlesContext context) {
  return callInCharge(context, [&] {
    TakePreKeyBundles take{login().address.account, login(), readDevices(context.getParams().getDevices())};
    return queue().commit(std::move(take)).then([context](Result<TakePreKeyBundlesOutcome> outcome) mutable {
      auto results = context.getResults();
      if (!outcome) return results.setOutcome(wire::MailboxOutcome::BUSY);
      results.setOutcome(outcomeOf(outcome->verdict));
      writeBundles(outcome->bundles, results.initBundles(static_cast<capnp::uint>(outcome->bundles.size())));
    });
  });
}

kj::Promise<void> MailboxService::setAside(SetAsideContext context) {
  return callInCharge(context, [&] {
    auto read = [mailbox = login().address, after = context.getParams().getAfter()](MailboxStore& store) {
      return store.readSetAside(mailbox, after, {});
    };
    return queue().read(read).then([context](Result<std::vector<QueueItem>> items) mutable {
      if (!items) return context.getResults().setOutcome(wire::MailboxOutcome::BUSY);
      auto results = context.getResults(pageSize(*items));
      writeItems(*items, results.initItems(static_cast<capnp::uint>(items->size())));
    });
  });
}

kj::Promise<void> MailboxService::ping(PingContext) {
  return peer_->call([&]() -> kj::Promise<void> {
    requireInCharge();
    return kj::READY_NOW;
  });
}

}  // namespace waxwing::relay
