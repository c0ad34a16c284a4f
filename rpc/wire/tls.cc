#include "rpc/wire/tls.h"

#include <algorithm>

#include "crypto/certificate.h"
#include "crypto/secret.h"

namespace waxwing {
namespace {

// kj-tls names no version above 1.2. In OpenSSL the cipher list concerns 1.2 and below only, and "PSK" leaves them
// nothing that both sides could agree on without a shared key, which neither has: what remains is 1.3.
kj::TlsContext::Options onlyTls13() {
  kj::TlsContext::Options options;
  options.minVersion = kj::TlsVersion::TLS_1_2;
  options.cipherList = "PSK";
  return options;
}

kj::TlsPrivateKey privateKey(ByteView pem) {
  SecretBytes terminated(pem.size() + 1);
  std::ranges::copy(pem, terminated.span().begin());
  return kj::TlsPrivateKey(kj::StringPtr(reinterpret_cast<const char*>(terminated.view().data()), pem.size()));
}

kj::Own<kj::TlsContext> serverContext(const std::string& certificatePem, ByteView keyPem) {
  const kj::TlsKeypair pair{privateKey(keyPem),
                            kj::TlsCertificate(kj::StringPtr(certificatePem.c_str(), certificatePem.size()))};
  auto options = onlyTls13();
  options.useSystemTrustStore = false;
  options.defaultKeypair = pair;
  return kj::heap<kj::TlsContext>(kj::mv(options));
}

kj::Own<kj::TlsContext> clientContext(ByteView pinned) {
  auto options = onlyTls13();
  if (pinned.empty()) return kj::heap<kj::TlsContext>(kj::mv(options));
  const kj::TlsCertificate certificate(kj::arrayPtr(pinned.data(), pinned.size()));
  options.useSystemTrustStore = false;
  options.trustedCertificates = kj::arrayPtr(&certificate, 1);
  return kj::heap<kj::TlsContext>(kj::mv(options));
}

kj::String ownString(std::string_view text) { return kj::heapString(text.data(), text.size()); }

}  // namespace

TlsServer::TlsServer(const std::string& certificatePem, ByteView keyPem)
    : context_(serverContext(certificatePem, keyPem)) {}

kj::Promise<kj::Own<kj::AsyncIoStream>> TlsServer::wrap(kj::Own<kj::AsyncIoStream> stream) {
  return context_->wrapServer(kj::mv(stream));
}

TlsClient::TlsClient(std::string_view host, ByteView pinnedCertificate)
    : context_(clientContext(pinnedCertificate)),
      expectedName_(ownString(pinnedCertificate.empty() ? host : kSelfSignedName)) {}

kj::Promise<kj::Own<kj::AsyncIoStream>> TlsClient::wrap(kj::Own<kj::AsyncIoStream> stream) {
  return context_->wrapClient(kj::mv(stream), expectedName_);
}

}  // namespace waxwing
