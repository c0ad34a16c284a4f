#include "rpc/relay/relay_service.h"

#include "crypto/hash.h"
#include "rpc/relay/convert.h"
#include "rpc/relay/mailbox_service.h"
#include "rpc/relay/recipient_service.h"
#include "session/login.h"

namespace waxwing::relay {
namespace {

using Event = RelayObserver::Event;

constexpr std::size_t kTokenBytes = 256;

wire::RegisterOutcome outcomeOf(ManifestOutcome::Verdict verdict) {
  switch (verdict) {
    case ManifestOutcome::Verdict::kOk:
      return wire::RegisterOutcome::OK;
    case ManifestOutcome::Verdict::kStale:
    case ManifestOutcome::Verdict::kEquivocation:
      return wire::RegisterOutcome::STALE;
    default:
      return wire::RegisterOutcome::BAD_MANIFEST;
  }
}

wire::LoginOutcome outcomeOf(LoginOutcome::Verdict verdict) {
  switch (verdict) {
    case LoginOutcome::Verdict::kOk:
      return wire::LoginOutcome::OK;
    case LoginOutcome::Verdict::kNotRegistered:
      return wire::LoginOutcome::NOT_REGISTERED;
    case LoginOutcome::Verdict::kNotListed:
      return wire::LoginOutcome::NOT_LISTED;
    case LoginOutcome::Verdict::kRetired:
      return wire::LoginOutcome::RETIRED;
    case LoginOutcome::Verdict::kOtherKey:
      return wire::LoginOutcome::BAD_SIGNATURE;
  }
  return wire::LoginOutcome::BUSY;
}

}  // namespace

kj::Promise<void> RelayService::describe(DescribeContext context) {
  return peer_->call([&]() -> kj::Promise<void> {
    auto results = context.getResults();
    writeInfo(results.initInfo());
    results.setNonce(toData(peer_->drawNonce().view()));
    return kj::READY_NOW;
  });
}

void RelayService::writeInfo(wire::Info::Builder info) {
  const auto& options = peer_->core().options();
  info.setProtocolVersion(wire::PROTOCOL_VERSION);
  auto names = info.initNames(static_cast<capnp::uint>(options.names.size()));
  for (capnp::uint i = 0; i < names.size(); ++i) names.set(i, options.names[i].c_str());
  info.setRetentionSeconds(0);
  info.setEnvelopeBytes(limits::kEnvelopeBytes);
  info.setBatchEnvelopes(limits::kBatchEnvelopes);
  info.setBatchBytes(limits::kBatchBytes);
  info.setMailboxEnvelopes(options.mailboxEnvelopes);
  info.setMailboxBytes(options.mailboxBytes);
  info.setRegistration(options.registrationToken.empty() ? wire::Info::Registration::OPEN
                                                         : wire::Info::Registration::TOKEN);
}

kj::Promise<void> RelayService::register_(RegisterContext context) {
  return peer_->call([&]() -> kj::Promise<void> {
    std::optional<SignedManifest> manifest;
    if (const auto refused = judgeRegistration(context.getParams(), manifest)) {
      peer_->core().observer().count(Event::kRegistrationRefused, 1);
      context.getResults().setOutcome(*refused);
      return kj::READY_NOW;
    }
    auto committed = peer_->core().queue().commit(Register{factsOf(*manifest)});
    return committed.then([context, peer = kj::addRef(*peer_)](Result<RegisterOutcome> outcome) mutable {
      if (!outcome) return context.getResults().setOutcome(wire::RegisterOutcome::BUSY);
      if (outcome->verdict == ManifestOutcome::Verdict::kOk) peer->core().observer().count(Event::kRegistered, 1);
      peer->core().cut(outcome->cut);
      context.getResults().setOutcome(outcomeOf(outcome->verdict));
    });
  });
}

std::optional<wire::RegisterOutcome> RelayService::judgeRegistration(wire::Relay::RegisterParams::Reader params,
                                                                     std::optional<SignedManifest>& manifest) {
  const auto& options = peer_->core().options();
  const Bytes bytes = readBytes(params.getManifest(), limits::kManifestBytes, "a manifest");
  const auto signature = readFixed<Signature>(params.getSignature(), "signature");
  const auto token = params.getToken();
  if (token.size() > kTokenBytes) refuse("at most 256 bytes of token");

  const auto nonce = peer_->takeNonce();
  if (!nonce) return wire::RegisterOutcome::UNKNOWN_NONCE;
  if (!options.registrationToken.empty() &&
      !constantTimeEqual(options.registrationToken.view(), asBytes({token.begin(), token.size()}))) {
    return wire::RegisterOutcome::TOKEN_REFUSED;
  }
  // One signature that answers our nonce comes before the up to 33 of the manifest, which anybody may repeat.
  const auto account = SignedManifest::claimedAccount(bytes);
  if (!account) return wire::RegisterOutcome::BAD_MANIFEST;
  const Hash hash = blake2b(bytes);
  const auto body = [&](std::string_view name) { return registerBody(*nonce, name, hash); };
  if (!verifyForAnyName(account->key(), SignatureUse::kRegister, signature, body)) {
    return wire::RegisterOutcome::BAD_SIGNATURE;
  }
  auto parsed = SignedManifest::parse(bytes);
  if (!parsed || !options.goesBy((*parsed)->relay.name())) return wire::RegisterOutcome::BAD_MANIFEST;
  manifest = std::move(*parsed);
  return std::nullopt;
}

// The name that the client dialled is in the signature and nowhere else.
bool RelayService::verifyForAnyName(const SigningKey& key, SignatureUse use, const Signature& signature,
                                    const std::function<Bytes(std::string_view name)>& body) {
  const auto& names = peer_->core().options().names;
  return std::ranges::any_of(names, [&](const auto& name) { return verify(key, use, body(name), signature); });
}

kj::Promise<void> RelayService::login(LoginContext context) {
  return peer_->call([&]() -> kj::Promise<void> {
    const auto params = context.getParams();
    LoginClaim claim{{},
                     {readAccountSought(params.getAccount()), readDevice(params.getDevice())},
                     readFixed<Anchor>(params.getAnchor(), "anchor"),
                     readFixed<Signature>(params.getSignature(), "signature")};
    const auto nonce = peer_->takeNonce();
    if (!nonce) {
      context.getResults().setOutcome(wire::LoginOutcome::UNKNOWN_NONCE);
      return kj::READY_NOW;
    }
    claim.nonce = *nonce;
    auto find = [device = claim.device](MailboxStore& store) { return store.findDevice(device); };
    auto found = peer_->core().queue().read(find);
    return found.then([this, self = thisCap(), context, claim, grant = peer_->grant()](
                          Result<std::optional<DeviceRecord>> record) mutable -> kj::Promise<void> {
      const auto key = judgeLogin(claim, record);
      if (key) return finishLogin(context, kj::mv(grant), claim.device, *key);
      peer_->core().observer().count(Event::kLoginRefused, 1);
      context.getResults().setOutcome(key.error());
      return kj::READY_NOW;
    });
  });
}

tl::expected<SigningKey, wire::LoginOutcome> RelayService::judgeLogin(
    const LoginClaim& claim, const Result<std::optional<DeviceRecord>>& record) {
  if (!record) return tl::unexpected(wire::LoginOutcome::BUSY);
  if (!*record) return tl::unexpected(wire::LoginOutcome::NOT_REGISTERED);
  switch ((*record)->state) {
    case DeviceRecord::State::kRetired:
      return tl::unexpected(wire::LoginOutcome::RETIRED);
    case DeviceRecord::State::kUnlisted:
      return tl::unexpected(wire::LoginOutcome::NOT_LISTED);
    case DeviceRecord::State::kListed:
      break;
  }
  const SigningKey& key = (*record)->signingKey;
  const auto body = [&](std::string_view name) { return loginBody(claim.nonce, name, claim.device, claim.anchor); };
  if (!verifyForAnyName(key, SignatureUse::kLogin, claim.signature, body)) {
    return tl::unexpected(wire::LoginOutcome::BAD_SIGNATURE);
  }
  return key;
}

kj::Promise<void> RelayService::finishLogin(LoginContext context, Peer::Grant grant, DeviceAddress device,
                                            SigningKey verifiedWith) {
  auto committed = peer_->core().queue().commit(Login{device, verifiedWith});
  return committed.then(
      [context, grant = kj::mv(grant), peer = kj::addRef(*peer_)](Result<LoginOutcome> outcome) mutable {
        auto results = context.getResults();
        if (!outcome) return results.setOutcome(wire::LoginOutcome::BUSY);
        const bool ok = outcome->verdict == LoginOutcome::Verdict::kOk;
        peer->core().observer().count(ok ? Event::kLoggedIn : Event::kLoginRefused, 1);
        results.setOutcome(outcomeOf(outcome->verdict));
        if (!ok) return;
        peer->admit();
        auto link = peer->link(outcome->login);
        results.setMailbox(kj::heap<MailboxService>(kj::mv(peer), kj::mv(grant), kj::mv(link)));
      });
}

kj::Promise<void> RelayService::recipient(RecipientContext context) {
  return peer_->call([&]() -> kj::Promise<void> {
    const auto params = context.getParams();
    const auto account = readAccountSought(params.getAccount());
    const KeyHolder holder{hashAccessKey(params.getAccessKey()), peer_->number()};
    peer_->admit();
    context.getResults().setRecipient(kj::heap<RecipientService>(kj::addRef(*peer_), account, holder));
    return kj::READY_NOW;
  });
}

}  // namespace waxwing::relay
