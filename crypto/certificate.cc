#include "crypto/certificate.h"

#include <array>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace waxwing {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;

constexpr std::size_t kHostNameBytes = 253;
constexpr std::size_t kSerialBytes = 16;

void require(bool done) {
  if (!done) throw std::runtime_error("OpenSSL cannot make a certificate");
}

bool isHostNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

// Narrow on purpose: the name goes into OpenSSL's configuration text.
bool isHostName(std::string_view text) {
  return !text.empty() && text.size() <= kHostNameBytes && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos && std::ranges::all_of(text, isHostNameByte);
}

void setSerial(X509* certificate) {
  std::array<std::uint8_t, kSerialBytes> bytes;
  require(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  // A serial number is positive and not zero (RFC 5280 §4.1.2.2).
  bytes.front() = static_cast<std::uint8_t>((bytes.front() & 0x7f) | 0x40);
  const Number number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  require(number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

// Clocks lie and the certificate is pinned, so it is valid always.
void setValidity(X509* certificate) {
  require(ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20000101000000Z") == 1);
  require(ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "99991231235959Z") == 1);
}

void setNames(X509* certificate) {
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const ByteView name = asBytes(kSelfSignedName);
  require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name.data(), static_cast<int>(name.size()), -1, 0) ==
          1);
  require(X509_set_issuer_name(certificate, subject) == 1);
}

void addExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

X509Certificate selfSigned(EVP_PKEY* key, std::string_view dnsName) {
  X509Certificate certificate(X509_new());
  require(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  setSerial(certificate.get());
  setValidity(certificate.get());
  setNames(certificate.get());
  require(X509_set_pubkey(certificate.get(), key) == 1);
  addExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  addExtension(certificate.get(), NID_key_usage, "critical,digitalSignature,keyCertSign");
  addExtension(certificate.get(), NID_ext_key_usage, "serverAuth");
  addExtension(certificate.get(), NID_subject_key_identifier, "hash");
  addExtension(certificate.get(), NID_subject_alt_name, "DNS:" + std::string(dnsName));
  require(X509_sign(certificate.get(), key, EVP_sha256()) > 0);
  return certificate;
}

Bio readOnly(ByteView bytes) {
  Bio bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  if (bio == nullptr) throw std::bad_alloc();
  return bio;
}

// Without it OpenSSL would ask for a passphrase on the terminal.
int noPassphrase(char*, int, int, void*) { return -1; }

X509Certificate firstCertificate(std::string_view pem) {
  if (pem.empty() || pem.size() > std::numeric_limits<int>::max()) return nullptr;
  return X509Certificate(PEM_read_bio_X509(readOnly(asBytes(pem)).get(), nullptr, noPassphrase, nullptr));
}

Key privateKey(ByteView pem) {
  if (pem.empty() || pem.size() > std::numeric_limits<int>::max()) return nullptr;
  return Key(PEM_read_bio_PrivateKey(readOnly(pem).get(), nullptr, noPassphrase, nullptr));
}

ByteView written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return asBytes(std::string_view(data, static_cast<std::size_t>(size)));
}

std::string pemOf(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  require(bio != nullptr && PEM_write_bio_X509(bio.get(), certificate) == 1);
  return std::string(asText(written(bio.get())));
}

SecretBytes pemOf(EVP_PKEY* key) {
  // A secure-memory BIO wipes what it held.
  const Bio bio(BIO_new(BIO_s_secmem()));
  require(bio != nullptr && PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return SecretBytes(written(bio.get()));
}

}  // namespace

Result<Certificate> makeSelfSignedCertificate(std::string_view dnsName) {
  if (!isHostName(dnsName)) {
    return fail(Errc::kInvalidArgument, "this is no host name; use letters, digits, hyphens and dots");
  }
  const Key key(EVP_EC_gen("P-256"));
  require(key != nullptr);
  const X509Certificate certificate = selfSigned(key.get(), dnsName);
  return Certificate{pemOf(certificate.get()), pemOf(key.get())};
}

Result<void> checkKeyPair(const Certificate& certificate) {
  const auto parsed = firstCertificate(certificate.certificatePem);
  if (parsed == nullptr) return fail(Errc::kInvalidArgument, "the certificate is no PEM certificate");
  const auto key = privateKey(certificate.keyPem.view());
  if (key == nullptr) return fail(Errc::kInvalidArgument, "the key is no PEM private key without a passphrase");
  if (X509_check_private_key(parsed.get(), key.get()) == 1) return {};
  return fail(Errc::kInvalidArgument, "the key is not the one of the certificate");
}

Result<Bytes> certificateDer(std::string_view pem) {
  const auto certificate = firstCertificate(pem);
  if (certificate == nullptr) {
    return fail(Errc::kInvalidArgument, "there is no PEM certificate here; give the relay's certificate file");
  }
  std::uint8_t* data = nullptr;
  const int size = i2d_X509(certificate.get(), &data);
  require(size > 0);
  const std::unique_ptr<std::uint8_t, Freed<[](void* memory) { OPENSSL_free(memory); }>> owned(data);
  return Bytes(data, data + size);
}

Result<std::string> certificatePem(ByteView der) {
  const auto bad = fail(Errc::kInvalidArgument, "this is no DER certificate; ask for a fresh invite");
  if (der.size() > std::numeric_limits<long>::max()) return bad;
  const std::uint8_t* position = der.data();
  const X509Certificate certificate(d2i_X509(nullptr, &position, static_cast<long>(der.size())));
  if (certificate == nullptr || position != der.data() + der.size()) return bad;
  return pemOf(certificate.get());
}

}  // namespace waxwing
