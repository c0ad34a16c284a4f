#pragma once

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/debug.h>

#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rpc/link/dialer.h"
#include "rpc/link/wire_form.h"

namespace waxwing::testing {

// A stream whose writes end after a number of them: what the relay sent after that never arrives.
class CutStream final : public kj::AsyncIoStream {
 public:
  CutStream(kj::Own<kj::AsyncIoStream> inner, std::size_t writes) : inner_(kj::mv(inner)), left_(writes) {}

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t least, std::size_t most) override {
    return inner_->tryRead(buffer, least, most);
  }
  kj::Promise<void> write(const void* buffer, std::size_t size) override {
    if (cut()) return KJ_EXCEPTION(DISCONNECTED, "cut");
    return inner_->write(buffer, size);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    if (cut()) return KJ_EXCEPTION(DISCONNECTED, "cut");
    return inner_->write(pieces);
  }
  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }
  void shutdownWrite() override { inner_->shutdownWrite(); }
  void abortRead() override { inner_->abortRead(); }

 private:
  bool cut() {
    if (left_ > 0) {
      --left_;
      return false;
    }
    inner_->shutdownWrite();
    inner_->abortRead();
    return true;
  }

  kj::Own<kj::AsyncIoStream> inner_;
  std::size_t left_;
};

// A relay by script: what it answers stands in its fields, what it was asked in `asked`. Also the network before it.
class FakeRelay final : public Dialer {
 public:
  ~FakeRelay() noexcept override = default;

  // Script
  std::uint16_t version = wire::PROTOCOL_VERSION;
  std::vector<std::string> names = {"relay.example:7077"};
  std::deque<wire::LoginOutcome> logins;  // then OK
  wire::RegisterOutcome registration = wire::RegisterOutcome::OK;
  wire::MailboxOutcome mailbox = wire::MailboxOutcome::OK;
  std::uint64_t acknowledged = 0;
  std::uint64_t last = 0;
  std::set<std::string> silent;               // methods that never answer
  std::set<std::string> failing;              // methods that answer FAILED
  std::deque<LinkFailure> dialFailures;       // then a connection
  std::optional<std::size_t> cutAfterWrites;  // of each new connection
  std::optional<std::size_t> cutAtCall;       // instead of answering the n-th call of all

  // Record
  std::vector<std::string> asked;
  std::size_t dials = 0;
  Bytes loginNonce;
  std::size_t largestBatch = 0;
  std::optional<wire::Sink::Client> sink;

  std::size_t count(const std::string& method) const {
    return static_cast<std::size_t>(std::ranges::count(asked, method));
  }
  std::size_t connections() const { return connections_.size(); }
  void cutAll() { connections_.clear(); }

  kj::Promise<DialOutcome> dial(const RelayAddress&) override {
    ++dials;
    if (!dialFailures.empty()) {
      const LinkFailure failure = dialFailures.front();
      dialFailures.pop_front();
      return DialOutcome(tl::unexpected(failure));
    }
    auto pipe = kj::newTwoWayPipe();
    connections_.emplace_back(*this, kj::heap<CutStream>(kj::mv(pipe.ends[1]), cutAfterWrites.value_or(SIZE_MAX)));
    return DialOutcome(kj::mv(pipe.ends[0]));
  }

 private:
  // Notes the call; the promise resolves, fails or waits as the script says.
  kj::Promise<void> note(const std::string& method) {
    asked.push_back(method);
    if (cutAtCall && asked.size() == *cutAtCall) {
      cut_ = kj::evalLater([this] { cutAll(); }).eagerlyEvaluate(nullptr);
      return kj::NEVER_DONE;
    }
    if (silent.contains(method)) return kj::NEVER_DONE;
    if (failing.contains(method)) return KJ_EXCEPTION(FAILED, "by script");
    return kj::READY_NOW;
  }

  static void bundles(capnp::List<wire::Bundle>::Builder out) {
    out[0].setDevice(1);
    out[0].setSignedKeys(wireData(asBytes("signed")));
  }

  class MailboxServer final : public wire::Mailbox::Server {
   public:
    explicit MailboxServer(FakeRelay& relay) : relay_(relay) {}

    kj::Promise<void> attach(AttachContext context) override {
      relay_.sink = context.getParams().getSink();
      return relay_.note("attach").then([this, context]() mutable {
        context.getResults().setAcknowledged(relay_.acknowledged);
        context.getResults().setLast(relay_.last);
      });
    }
    kj::Promise<void> acknowledge(AcknowledgeContext context) override { return outcome("acknowledge", context); }
    kj::Promise<void> swapAnchor(SwapAnchorContext context) override {
      return outcome("swapAnchor", context).then([context]() mutable {
        context.getResults().setCurrent(context.getParams().getExpected());
      });
    }
    kj::Promise<void> publishKeys(PublishKeysContext context) override {
      return outcome("publishKeys", context).then([context]() mutable { context.getResults().setCounter(7); });
    }
    kj::Promise<void> keyStatus(KeyStatusContext context) override {
      return outcome("keyStatus", context).then([context]() mutable { context.getResults().setOneTimeKeys(42); });
    }
    kj::Promise<void> publishManifest(PublishManifestContext context) override {
      return outcome("publishManifest", context);
    }
    kj::Promise<void> setAccessKeys(SetAccessKeysContext context) override { return outcome("setAccessKeys", context); }
    kj::Promise<void> submitToOwn(SubmitToOwnContext context) override {
      return relay_.note("submitToOwn").then([context]() mutable { acceptAll(context); });
    }
    kj::Promise<void> ownManifest(OwnManifestContext context) override {
      return outcome("ownManifest", context).then([context]() mutable {
        context.getResults().setManifest(wireData(asBytes("manifest")));
      });
    }
    kj::Promise<void> ownBundles(OwnBundlesContext context) override {
      return outcome("ownBundles", context).then([context]() mutable { bundles(context.getResults().initBundles(1)); });
    }
    kj::Promise<void> ping(PingContext) override { return relay_.note("ping"); }

   private:
    template <typename Context>
    kj::Promise<void> outcome(const std::string& method, Context context) {
      return relay_.note(method).then([this, context]() mutable { context.getResults().setOutcome(relay_.mailbox); });
    }
    FakeRelay& relay_;
  };

  class RecipientServer final : public wire::Recipient::Server {
   public:
    explicit RecipientServer(FakeRelay& relay) : relay_(relay) {}

    kj::Promise<void> manifest(ManifestContext context) override {
      return relay_.note("manifest").then([context]() mutable {
        context.getResults().setManifest(wireData(asBytes("manifest")));
      });
    }
    kj::Promise<void> publishedKeys(PublishedKeysContext context) override {
      return relay_.note("publishedKeys").then([context]() mutable { bundles(context.getResults().initKeys(1)); });
    }
    kj::Promise<void> preKeyBundles(PreKeyBundlesContext context) override {
      return relay_.note("preKeyBundles").then([context]() mutable { bundles(context.getResults().initBundles(1)); });
    }
    kj::Promise<void> submit(SubmitContext context) override {
      const std::size_t bytes = context.getParams().totalSize().wordCount * sizeof(capnp::word);
      relay_.largestBatch = std::max(relay_.largestBatch, bytes);
      return relay_.note("submit").then([context]() mutable { acceptAll(context); });
    }

   private:
    FakeRelay& relay_;
  };

  class RelayServer final : public wire::Relay::Server {
   public:
    explicit RelayServer(FakeRelay& relay) : relay_(relay) {}

    kj::Promise<void> describe(DescribeContext context) override {
      return relay_.note("describe").then([this, context]() mutable {
        relay_.loginNonce = Bytes(32, ++relay_.nonces_);
        auto results = context.getResults();
        results.setNonce(wireData(relay_.loginNonce));
        results.initInfo().setProtocolVersion(relay_.version);
        auto list = results.getInfo().initNames(static_cast<unsigned>(relay_.names.size()));
        for (unsigned i = 0; i < list.size(); ++i) list.set(i, relay_.names[i].c_str());
      });
    }
    kj::Promise<void> register_(RegisterContext context) override {
      return relay_.note("register").then([this, context]() mutable {
        context.getResults().setOutcome(relay_.registration);
      });
    }
    kj::Promise<void> login(LoginContext context) override {
      return relay_.note("login").then([this, context]() mutable {
        auto outcome = wire::LoginOutcome::OK;
        if (!relay_.logins.empty()) {
          outcome = relay_.logins.front();
          relay_.logins.pop_front();
        }
        context.getResults().setOutcome(outcome);
        if (outcome == wire::LoginOutcome::OK) context.getResults().setMailbox(kj::heap<MailboxServer>(relay_));
      });
    }
    kj::Promise<void> recipient(RecipientContext context) override {
      return relay_.note("recipient").then([this, context]() mutable {
        context.getResults().setRecipient(kj::heap<RecipientServer>(relay_));
      });
    }

   private:
    FakeRelay& relay_;
  };

  template <typename Context>
  static void acceptAll(Context context) {
    const unsigned envelopes = context.getParams().getEnvelopes().size();
    auto items = context.getResults().initItems(envelopes);
    for (unsigned i = 0; i < envelopes; ++i) items[i].setAccepted();
  }

  struct Served {
    Served(FakeRelay& relay, kj::Own<kj::AsyncIoStream> end)
        : stream(kj::mv(end)),
          network(*stream, capnp::rpc::twoparty::Side::SERVER),
          system(capnp::makeRpcServer(network, capnp::Capability::Client(kj::heap<RelayServer>(relay)))) {}

    kj::Own<kj::AsyncIoStream> stream;
    capnp::TwoPartyVatNetwork network;
    capnp::RpcSystem<capnp::rpc::twoparty::VatId> system;
  };

  std::uint8_t nonces_ = 0;
  std::list<Served> connections_;
  kj::Promise<void> cut_ = nullptr;
};

}  // namespace waxwing::testing
