#include "rpc/link/rpc_link.h"

#include <utility>

#include "rpc/link/wire_form.h"

namespace waxwing {
namespace {

// Calls other than a batch of envelopes.
constexpr std::size_t kSmallCallBytes = 1024;

unsigned count(std::size_t size) { return static_cast<unsigned>(size); }

template <typename Results>
using Response = capnp::Response<Results>;

}  // namespace

RpcLink::RpcLink(LinkHost& host, Dialer& dialer, kj::Timer& timer, const Clock& clock, Random& random)
    : answers_(host), own_(answers_, dialer, timer, clock, random), recipients_(answers_, dialer, timer) {}

RpcLink::~RpcLink() noexcept = default;

// To a contact.

void RpcLink::callRecipient(RecipientRef to, std::size_t bytes, Perform perform, Ticket ticket) {
  if (wish_ == Wish::kOffline) return answers_.add(ticket, fail(Errc::kOffline, "the link is switched off"));
  recipients_.call(to.relay, {ticket, to.account, std::move(to.accessKey), bytes, kj::mv(perform)});
}

void RpcLink::submit(RecipientRef to, Submission batch, Ticket ticket) {
  const std::size_t bytes = wireSize(batch);
  auto perform = [batch = std::move(batch)](wire::Recipient::Client recipient) {
    auto request = recipient.submitRequest();
    request.setManifestVersion(batch.manifestVersion);
    write(batch, request.initEnvelopes(count(batch.envelopes.size())));
    return request.send().then(
        [envelopes = batch.envelopes.size()](Response<wire::SubmitResult> answer) -> CallOutcome {
          return readSubmit(answer, envelopes);
        });
  };
  callRecipient(std::move(to), bytes, kj::mv(perform), ticket);
}

void RpcLink::fetchManifest(RecipientRef of, Ticket ticket) {
  auto perform = [](wire::Recipient::Client recipient) {
    return recipient.manifestRequest().send().then(
        [](Response<wire::Recipient::ManifestResults> answer) -> CallOutcome {
          return readManifest(answer.getOutcome(), answer.getManifest());
        });
  };
  callRecipient(std::move(of), kSmallCallBytes, kj::mv(perform), ticket);
}

void RpcLink::fetchKeys(RecipientRef of, std::vector<DeviceId> devices, Ticket ticket) {
  auto perform = [devices = std::move(devices)](wire::Recipient::Client recipient) {
    auto request = recipient.publishedKeysRequest();
    write(devices, request.initDevices(count(devices.size())));
    return request.send().then([](Response<wire::Recipient::PublishedKeysResults> answer) -> CallOutcome {
      return readBundles(answer.getOutcome(), answer.getKeys());
    });
  };
  callRecipient(std::move(of), kSmallCallBytes, kj::mv(perform), ticket);
}

void RpcLink::fetchBundles(RecipientRef of, std::vector<DeviceId> devices, Ticket ticket) {
  auto perform = [devices = std::move(devices)](wire::Recipient::Client recipient) {
    auto request = recipient.preKeyBundlesRequest();
    write(devices, request.initDevices(count(devices.size())));
    return request.send().then([](Response<wire::Recipient::PreKeyBundlesResults> answer) -> CallOutcome {
      return readBundles(answer.getOutcome(), answer.getBundles());
    });
  };
  callRecipient(std::move(of), kSmallCallBytes, kj::mv(perform), ticket);
}

// To the own relay. `own_` calls the function at once or never: what it refers to need not be copied.

void RpcLink::submitToOwn(Submission batch, Ticket ticket) {
  auto submit = [&batch](wire::Mailbox::Client& mailbox) {
    auto request = mailbox.submitToOwnRequest();
    request.setManifestVersion(batch.manifestVersion);
    write(batch, request.initEnvelopes(count(batch.envelopes.size())));
    return request.send().then(
        [envelopes = batch.envelopes.size()](Response<wire::SubmitResult> answer) -> CallOutcome {
          return readSubmit(answer, envelopes);
        });
  };
  own_.call(ticket, kj::mv(submit), wireSize(batch));
}

void RpcLink::fetchOwnManifest(Ticket ticket) {
  own_.call(ticket, [](wire::Mailbox::Client& mailbox) {
    return mailbox.ownManifestRequest().send().then(
        [](Response<wire::Mailbox::OwnManifestResults> answer) -> CallOutcome {
          return readOwnManifest(answer.getOutcome(), answer.getManifest());
        });
  });
}

void RpcLink::fetchOwnBundles(std::vector<DeviceId> devices, Ticket ticket) {
  own_.call(ticket, [&devices](wire::Mailbox::Client& mailbox) {
    auto request = mailbox.ownBundlesRequest();
    write(devices, request.initDevices(count(devices.size())));
    return request.send().then([](Response<wire::Mailbox::OwnBundlesResults> answer) -> CallOutcome {
      return readOwnBundles(answer.getOutcome(), answer.getBundles());
    });
  });
}

void RpcLink::publishKeys(KeyPublication keys, Ticket ticket) {
  own_.call(ticket, [&keys](wire::Mailbox::Client& mailbox) {
    auto request = mailbox.publishKeysRequest();
    request.setSigned(wireData(keys.signedKeys));
    write(keys.oneTime, request.initOneTime(count(keys.oneTime.size())));
    request.setReplace(keys.mode == KeyPublication::Mode::kReplaceAll ? wire::Replace::ALL : wire::Replace::REFILL);
    return request.send().then([](Response<wire::Mailbox::PublishKeysResults> answer) -> CallOutcome {
      return readMailbox(answer.getOutcome(), answer.getCounter());
    });
  });
}

void RpcLink::keyStatus(Ticket ticket) {
  own_.call(ticket, [](wire::Mailbox::Client& mailbox) {
    return mailbox.keyStatusRequest().send().then([](Response<wire::Mailbox::KeyStatusResults> answer) -> CallOutcome {
      return readKeyStatus(answer.getOutcome(), answer.getCounter(), answer.getOneTimeKeys());
    });
  });
}

void RpcLink::publishManifest(Bytes signedManifest, Ticket ticket) {
  own_.call(ticket, [&signedManifest](wire::Mailbox::Client& mailbox) {
    auto request = mailbox.publishManifestRequest();
    request.setManifest(wireData(signedManifest));
    return request.send().then([](Response<wire::Mailbox::PublishManifestResults> answer) -> CallOutcome {
      return readMailbox(answer.getOutcome(), 0);
    });
  });
}

void RpcLink::setAccessKeys(AccessKeyHashes hashes, Ticket ticket) {
  own_.call(ticket, [&hashes](wire::Mailbox::Client& mailbox) {
    auto request = mailbox.setAccessKeysRequest();
    write(hashes.contact, request.initContact(count(hashes.contact.size())));
    write(hashes.invites, request.initInvites(count(hashes.invites.size())));
    return request.send().then([](Response<wire::Mailbox::SetAccessKeysResults> answer) -> CallOutcome {
      return readMailbox(answer.getOutcome(), 0);
    });
  });
}

void RpcLink::swapAnchor(Anchor expected, Anchor next, Ticket ticket) {
  own_.call(ticket, [&expected, &next](wire::Mailbox::Client& mailbox) {
    auto request = mailbox.swapAnchorRequest();
    request.setExpected(wireData(expected.view()));
    request.setNext(wireData(next.view()));
    return request.send().then([](Response<wire::Mailbox::SwapAnchorResults> answer) -> CallOutcome {
      return readAnchor(answer.getOutcome(), answer.getCurrent());
    });
  });
}

void RpcLink::acknowledge(std::uint64_t upTo, Ticket ticket) { own_.acknowledge(upTo, ticket); }

// The app's wishes.

void RpcLink::goOnline() {
  wish_ = Wish::kOnline;
  own_.goOnline();
}

void RpcLink::goOffline() {
  wish_ = Wish::kOffline;
  recipients_.endAll({Errc::kDisconnected, "the link was switched off"});
  own_.goOffline();
}

void RpcLink::networkChanged() {
  recipients_.renew();
  own_.networkChanged();
}

}  // namespace waxwing
