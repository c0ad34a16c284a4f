#include "crypto/certificate.h"

#include <memory>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace waxwing {
namespace {

using Parsed = std::shared_ptr<X509>;
using ParsedKey = std::shared_ptr<EVP_PKEY>;

std::shared_ptr<BIO> readOnly(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

Parsed parse(const Certificate& certificate) {
  return {PEM_read_bio_X509(readOnly(certificate.certificatePem).get(), nullptr, nullptr, nullptr), &X509_free};
}

ParsedKey parseKey(const Certificate& certificate) {
  const auto text = asText(certificate.keyPem.view());
  return {PEM_read_bio_PrivateKey(readOnly(text).get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
}

// OpenSSL's verdict on `leaf` as a TLS server named `host` at `when`, where `root` alone is trusted.
int verdict(const Parsed& root, const Parsed& leaf, const char* host, std::time_t when) {
  const std::shared_ptr<X509_STORE> store(X509_STORE_new(), &X509_STORE_free);
  X509_STORE_add_cert(store.get(), root.get());
  const std::shared_ptr<X509_STORE_CTX> context(X509_STORE_CTX_new(), &X509_STORE_CTX_free);
  X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr);
  X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set1_host(parameters, host, 0);
  X509_VERIFY_PARAM_set_time(parameters, when);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

constexpr std::time_t kYear2001 = 980'000'000;
constexpr std::time_t kYear1999 = 930'000'000;
constexpr std::time_t kYear9999 = 253'400'000'000;

TEST(Certificate, verifiesAsItsOwnRootForItsName) {
  const auto made = makeSelfSignedCertificate();
  ASSERT_TRUE(made);
  const Parsed certificate = parse(*made);
  ASSERT_TRUE(certificate);
  for (const auto when : {kYear2001, std::time_t{1'800'000'000}, kYear9999}) {
    EXPECT_EQ(verdict(certificate, certificate, "waxwing-relay", when), X509_V_OK) << when;
  }
  EXPECT_EQ(verdict(certificate, certificate, "waxwing-relay", kYear1999), X509_V_ERR_CERT_NOT_YET_VALID);
  EXPECT_EQ(verdict(certificate, certificate, "relay.example", kYear2001), X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST(Certificate, carriesAnotherNameOnRequest) {
  const auto made = makeSelfSignedCertificate("relay.example");
  ASSERT_TRUE(made);
  const Parsed certificate = parse(*made);
  EXPECT_EQ(verdict(certificate, certificate, "relay.example", kYear2001), X509_V_OK);
}

TEST(Certificate, anotherOfTheSameNameIsNotTrusted) {
  const auto pinned = makeSelfSignedCertificate();
  const auto other = makeSelfSignedCertificate();
  ASSERT_TRUE(pinned && other);
  EXPECT_NE(verdict(parse(*pinned), parse(*other), "waxwing-relay", kYear2001), X509_V_OK);
}

TEST(Certificate, isAP256CertificateAuthorityWithItsKey) {
  const auto made = makeSelfSignedCertificate();
  ASSERT_TRUE(made);
  const Parsed certificate = parse(*made);
  const ParsedKey key = parseKey(*made);
  ASSERT_TRUE(certificate && key);
  EXPECT_EQ(X509_check_private_key(certificate.get(), key.get()), 1);
  EXPECT_EQ(EVP_PKEY_get_bits(key.get()), 256);
  EXPECT_EQ(X509_check_ca(certificate.get()), 1);
  EXPECT_EQ(X509_get_extended_key_usage(certificate.get()), static_cast<std::uint32_t>(XKU_SSL_SERVER));
}

TEST(Certificate, namesThatAreNoHostNamesAreRefused) {
  for (const std::string_view host : {"", ".", "a..b", ".a", "a.", "a b", "a,DNS:b", "a\nb", "*", "relay/x"}) {
    const auto made = makeSelfSignedCertificate(host);
    ASSERT_FALSE(made) << host;
    EXPECT_EQ(made.error().code, Errc::kInvalidArgument);
  }
  EXPECT_FALSE(makeSelfSignedCertificate(std::string(254, 'a')));
}

TEST(Certificate, pemAndDerBothWays) {
  const auto made = makeSelfSignedCertificate();
  ASSERT_TRUE(made);
  const auto der = certificateDer(made->certificatePem);
  ASSERT_TRUE(der);
  EXPECT_EQ(certificatePem(*der), made->certificatePem);
}

TEST(Certificate, otherBytesAreRefused) {
  const auto made = makeSelfSignedCertificate();
  ASSERT_TRUE(made);
  const Bytes der = *certificateDer(made->certificatePem);
  for (const std::string_view text :
       {std::string_view(), std::string_view("no certificate"), asText(made->keyPem.view()), asText(der)}) {
    const auto refused = certificateDer(text);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  }
  EXPECT_FALSE(certificatePem({}));
  EXPECT_FALSE(certificatePem(ByteView(der).first(der.size() - 1)));
  EXPECT_FALSE(certificatePem(ByteWriter().raw(der).u8(0).view()));
}

TEST(Certificate, aKeyHasToBeItsCertificates) {
  const auto made = makeSelfSignedCertificate();
  const auto other = makeSelfSignedCertificate();
  ASSERT_TRUE(made && other);
  const auto check = [&](std::string_view certificate, ByteView key) {
    return checkKeyPair({std::string(certificate), SecretBytes(key)});
  };
  const auto key = made->keyPem.view();
  EXPECT_TRUE(check(made->certificatePem, key));
  EXPECT_TRUE(check(made->certificatePem + other->certificatePem, key)) << "a chain, its own first";
  EXPECT_FALSE(check(other->certificatePem + made->certificatePem, key));
  EXPECT_FALSE(check(made->certificatePem, other->keyPem.view()));
  EXPECT_FALSE(check(made->certificatePem, asBytes(made->certificatePem)));
  EXPECT_FALSE(check(made->certificatePem, {}));
  EXPECT_FALSE(check(asText(key), key));
  EXPECT_FALSE(check("", key));
}

// An encrypted key asks for no passphrase on the terminal.
TEST(Certificate, aKeyUnderAPassphraseIsRefused) {
  const auto made = makeSelfSignedCertificate();
  ASSERT_TRUE(made);
  const std::shared_ptr<BIO> bio(BIO_new(BIO_s_mem()), &BIO_free);
  ASSERT_EQ(PEM_write_bio_PrivateKey(bio.get(), parseKey(*made).get(), EVP_aes_256_cbc(),
                                     reinterpret_cast<const unsigned char*>("secret"), 6, nullptr, nullptr),
            1);
  char* text = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(bio.get(), &text));
  EXPECT_FALSE(checkKeyPair({made->certificatePem, SecretBytes(asBytes({text, size}))}));
}

}  // namespace
}  // namespace waxwing
