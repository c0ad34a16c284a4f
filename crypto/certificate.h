#pragma once

#include <string>
#include <string_view>

#include "crypto/error.h"
#include "crypto/ids.h"
#include "crypto/secret.h"

namespace waxwing {

// A relay's certificate (or chain, its own first) and its secret key, both PEM text.
struct Certificate {
  std::string certificatePem;
  SecretBytes keyPem;
};

// The DNS name that every self-signed relay certificate carries and clients expect when they pin one
// (kj-tls refuses IP subject names; the pin, not the name, is what they trust).
inline constexpr std::string_view kSelfSignedName = "waxwing-relay";

// The relay's TLS identity: ECDSA P-256, CA:TRUE, valid 2000-01-01 to 9999-12-31, for pinning.
// kInvalidArgument unless `dnsName` is a host name: letters, digits, hyphens and dots, at most 253 bytes.
Result<Certificate> makeSelfSignedCertificate(std::string_view dnsName = kSelfSignedName);

// That both parse and that the key is the certificate's. kInvalidArgument; a key under a passphrase does not parse.
Result<void> checkKeyPair(const Certificate& certificate);

// DER of the first certificate in `pem`; kInvalidArgument if there is none.
Result<Bytes> certificateDer(std::string_view pem);
// PEM of a DER certificate; kInvalidArgument if it does not parse.
Result<std::string> certificatePem(ByteView der);

}  // namespace waxwing
