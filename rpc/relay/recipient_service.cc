#include "rpc/relay/recipient_service.h"

#include "rpc/relay/convert.h"
#include "rpc/relay/submission.h"

namespace waxwing::relay {

kj::Promise<void> RecipientService::manifest(ManifestContext context) {
  return peer_->call([&] {
    auto find = [account = account_, key = holder_.key](MailboxStore& store) {
      const auto access = store.findAccess(account, key);
      auto held = store.findManifest(account);
      return access ? std::move(held) : std::nullopt;
    };
    return peer_->core().queue().read(find).then([context](Result<std::optional<HeldManifest>> held) mutable {
      auto results = context.getResults();
      if (!held) return results.setOutcome(wire::AccessOutcome::BUSY);
      if (!*held) return results.setOutcome(wire::AccessOutcome::DENIED);
      results.setManifest(toData((*held)->bytes));
    });
  });
}

kj::Promise<void> RecipientService::publishedKeys(PublishedKeysContext context) {
  return peer_->call([&] {
    using Keys = std::optional<std::vector<Bundle>>;
    auto find = [account = account_, key = holder_.key,
                 devices = readDevices(context.getParams().getDevices())](MailboxStore& store) {
      const auto access = store.findAccess(account, key);
      auto keys = store.readPublishedKeys(account, devices);
      return access ? Keys(std::move(keys)) : Keys();
    };
    return peer_->core().queue().read(std::move(find)).then([context](Result<Keys> keys) mutable {
      auto results = context.getResults();
      if (!keys) return results.setOutcome(wire::AccessOutcome::BUSY);
      if (!*keys) return results.setOutcome(wire::AccessOutcome::DENIED);
      writeBundles(**keys, results.initKeys(static_cast<capnp::uint>((*keys)->size())));
    });
  });
}

kj::Promise<void> RecipientService::preKeyBundles(PreKeyBundlesContext context) {
  return peer_->call([&] {
    TakePreKeyBundles take{account_, holder_, readDevices(context.getParams().getDevices())};
    auto taken = peer_->core().queue().commit(std::move(take));
    return taken.then([context](Result<TakePreKeyBundlesOutcome> outcome) mutable {
      auto results = context.getResults();
      if (!outcome) return results.setOutcome(wire::AccessOutcome::BUSY);
      if (outcome->verdict != TakePreKeyBundlesOutcome::Verdict::kOk) {
        return results.setOutcome(wire::AccessOutcome::DENIED);
      }
      writeBundles(outcome->bundles, results.initBundles(static_cast<capnp::uint>(outcome->bundles.size())));
    });
  });
}

kj::Promise<void> RecipientService::submit(SubmitContext context) {
  return peer_->call([&] {
    const auto params = context.getParams();
    auto submitted = submitBatch(*peer_, account_, holder_, params.getManifestVersion(), params.getEnvelopes());
    context.releaseParams();
    return submitted.then([context, peer = kj::addRef(*peer_)](Result<SubmitOutcome> outcome) mutable {
      answerSubmission(*peer, outcome, context.getResults());
    });
  });
}

}  // namespace waxwing::relay
