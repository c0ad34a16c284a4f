#pragma once

#include <kj/async-io.h>
#include <kj/compat/tls.h>

#include <string>
#include <string_view>

#include "crypto/bytes.h"

namespace waxwing {

// TLS 1.3 and nothing older, on both sides. Wrapping a stream fails where the peer offers less, or is not trusted.
// kj-tls sets no time limit of its own here: callers put limits::kHandshakeTimeout around the promise.

// The relay's side.
class TlsServer {
 public:
  // `keyPem` is secret. Throws kj::Exception where either is not PEM.
  TlsServer(const std::string& certificatePem, ByteView keyPem);

  kj::Promise<kj::Own<kj::AsyncIoStream>> wrap(kj::Own<kj::AsyncIoStream> stream);

 private:
  kj::Own<kj::TlsContext> context_;
};

// The device's side, for one relay.
class TlsClient {
 public:
  // With a certificate (DER), it alone is trusted, under the fixed name kSelfSignedName; without, the system's
  // authorities are, and the relay's certificate must be for `host`. Throws kj::Exception where the certificate does
  // not parse.
  TlsClient(std::string_view host, ByteView pinnedCertificate);

  kj::Promise<kj::Own<kj::AsyncIoStream>> wrap(kj::Own<kj::AsyncIoStream> stream);

 private:
  kj::Own<kj::TlsContext> context_;
  kj::String expectedName_;
};

}  // namespace waxwing
