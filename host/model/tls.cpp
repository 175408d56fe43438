#include "host/model/tls.h"

#include <filesystem>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <utility>

#include <Poco/Exception.h>

#include "host/base/atomic_file.h"
#include "host/base/limits.h"
#include "host/model/server_error.h"

namespace tenon::model {
namespace {

namespace net = Poco::Net;

constexpr std::size_t kMaxCaFile = std::size_t{64} << 20U;
constexpr int kMaxChain = 9;
constexpr unsigned kDescriptorsToLoad = 2;

/// OpenSSL gives the reason only to its callback: Poco's exception has only "verify failed". The
/// handshake runs in the thread that connects.
thread_local std::string certificate_complaint;

std::string remedy(int code) {
    switch (code) {
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_CERT_UNTRUSTED:
            return "; to trust it, set model.caFile to a PEM file with the certificate of its "
                   "authority (of the company's proxy, if one inspects TLS)";
        case X509_V_ERR_CERT_HAS_EXPIRED:
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "; check the clock of this machine, else the server needs a new certificate";
        default:
            return "";
    }
}

std::string name_of(X509* certificate) {
    if (certificate == nullptr) return "?";
    char name[256] = "";
    X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof name);
    return excerpt(name, 200);
}

int note_certificate_complaint(int fine, X509_STORE_CTX* store) {
    if (fine == 0) {
        const int code = X509_STORE_CTX_get_error(store);
        certificate_complaint =
            std::string(X509_verify_cert_error_string(code)) + " (certificate of " +
            name_of(X509_STORE_CTX_get_current_cert(store)) + ")" + remedy(code);
    }
    return fine;
}

}  // namespace

Result<net::Context::Ptr> SharedTls::context(const std::string& ca_file) {
    const auto refuse = [&](const std::string& why) {
        const std::string where = ca_file.empty() ? "the system's" : ca_file;
        return Error{"load certificate authorities (" + where + "): " + why};
    };
    try {
        const Lock lock(mutex_);
        if (context_) return context_;
        // OpenSSL skips files that it cannot open, and would then trust no authority.
        if (const int code = descriptor_shortage(kDescriptorsToLoad); code != 0)
            return shortage_error("load certificate authorities", code);
        if (auto fine = check_ca_file(ca_file); !fine) return fine.error();
        net::Context::Ptr made(new net::Context(net::Context::TLS_CLIENT_USE, ca_file,
                                                net::Context::VERIFY_STRICT, kMaxChain,
                                                ca_file.empty()));
        made->requireMinimumProtocol(net::Context::PROTO_TLSV1_2);
        SSL_CTX_set_verify(made->sslContext(), SSL_VERIFY_PEER, note_certificate_complaint);
        context_ = made;
        return made;
    } catch (const Poco::Exception& e) {
        return refuse(e.displayText());
    }
}

Result<void> check_ca_file(const std::string& ca_file) {
    if (ca_file.empty()) return {};
    const auto refuse = [&](const std::string& why) {
        return Error{"load certificate authorities (model.caFile, " + ca_file + "): " + why +
                     "; it must name a PEM file with the certificates of the authorities"};
    };
    std::error_code ignored;
    const auto status = std::filesystem::status(ca_file, ignored);
    if (status.type() == std::filesystem::file_type::not_found) return refuse("no such file");
    if (std::filesystem::is_directory(status)) return {};
    if (!std::filesystem::is_regular_file(status)) return refuse("not a file");
    const auto text = read_whole_file(ca_file, kMaxCaFile);
    if (!text) return refuse(text.error().message);
    if (text->find("-----BEGIN ") == text->npos || text->find("CERTIFICATE-----") == text->npos)
        return refuse("there is no certificate in it");
    return {};
}

std::string take_certificate_complaint() {
    return std::exchange(certificate_complaint, {});
}

}  // namespace tenon::model
