#pragma once

#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tenon::testing {

/// One entry of a distinguished name, as {"CN", "server"}.
using NameEntries = std::vector<std::pair<std::string, std::string>>;

constexpr long kDay = 24L * 3600;

/// What a certificate says.
struct CertificateFacts {
    NameEntries subject;
    std::string hosts;          ///< as in subjectAltName; empty: none
    bool is_authority = false;  ///< may sign others
    long from = -kDay;          ///< begin and end of its validity, in seconds from now
    long until = kDay;
};

/// A certificate with its key, which signs others if its facts allow it.
class SignedCertificate {
public:
    /// `signer` null: it signs itself.
    explicit SignedCertificate(const CertificateFacts& facts,
                               const SignedCertificate* signer = nullptr)
        : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(X509_new(), X509_free) {
        static long serial = 1;
        X509* made = certificate_.get();
        X509_set_version(made, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
        X509_gmtime_adj(X509_getm_notBefore(made), facts.from);
        X509_gmtime_adj(X509_getm_notAfter(made), facts.until);
        X509_set_pubkey(made, key_.get());
        for (const auto& [field, value] : facts.subject) {
            if (X509_NAME_add_entry_by_txt(X509_get_subject_name(made), field.c_str(),
                                           MBSTRING_UTF8,
                                           reinterpret_cast<const unsigned char*>(value.data()),
                                           static_cast<int>(value.size()), -1, 0) != 1)
                throw std::runtime_error("no name: " + value);
        }
        const SignedCertificate& by = signer != nullptr ? *signer : *this;
        X509_set_issuer_name(made, X509_get_subject_name(by.certificate_.get()));
        if (facts.is_authority) extend(NID_basic_constraints, "critical,CA:TRUE");
        if (!facts.hosts.empty()) extend(NID_subject_alt_name, facts.hosts);
        if (X509_sign(made, by.key_.get(), EVP_sha256()) == 0) throw std::runtime_error("sign");
    }

    [[nodiscard]] std::string pem() const {
        return written([&](BIO* out) { return PEM_write_bio_X509(out, certificate_.get()); });
    }
    [[nodiscard]] std::string der() const {
        return written([&](BIO* out) { return i2d_X509_bio(out, certificate_.get()); });
    }
    [[nodiscard]] std::string key_pem() const {
        return written([&](BIO* out) {
            return PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }
    /// The name under which a directory of authorities must have it.
    [[nodiscard]] std::string hash_name() const {
        char name[16];
        std::snprintf(name, sizeof name, "%08lx.0", X509_subject_name_hash(certificate_.get()));
        return name;
    }

private:
    void extend(int kind, const std::string& value) {
        const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
            X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()), X509_EXTENSION_free);
        if (!extension) throw std::runtime_error("no extension: " + value);
        X509_add_ext(certificate_.get(), extension.get(), -1);
    }
    template <class Write>
    static std::string written(Write write) {
        const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
        if (write(out.get()) != 1) throw std::runtime_error("write a certificate or key");
        char* bytes = nullptr;
        const long size = BIO_get_mem_data(out.get(), &bytes);
        return {bytes, static_cast<std::size_t>(size)};
    }

    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
    std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

}  // namespace tenon::testing
