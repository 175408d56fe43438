#include "host/model/tls.h"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <utility>

#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>

#include "host/base/atomic_file.h"
#include "host/base/clock.h"
#include "host/base/limits.h"
#include "host/base/untrusted.h"
#include "host/model/server_error.h"

namespace tenon::model {
namespace {

namespace net = Poco::Net;

constexpr std::size_t kMaxCaFile = std::size_t{64} << 20U;
constexpr int kMaxChain = 9;
constexpr unsigned kDescriptorsToLoad = 2;

/// OpenSSL gives the reason only to its callback: Poco's exception has only "verify failed". The
/// handshake runs in the thread that connects.
thread_local SeenCertificate seen_certificate;

constexpr int kMaxNames = 5;

std::string text_of(X509_NAME* name) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    if (name == nullptr || !out) return "?";
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &bytes);
    return in_quotes(size > 0 ? std::string_view(bytes, static_cast<std::size_t>(size)) : "");
}

std::string text_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return "?";
    return rfc3339(std::int64_t{::timegm(&parts)} * 1000);
}

std::string text_of(const GENERAL_NAME& name) {
    int type = 0;
    const auto* value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(&name, &type));
    if (type != GEN_DNS && type != GEN_IPADD) return {};
    const auto* bytes = ASN1_STRING_get0_data(value);
    const int size = ASN1_STRING_length(value);
    if (type == GEN_DNS)
        return in_quotes({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
    if (size != 4 && size != 16) return {};
    return Poco::Net::IPAddress(bytes, static_cast<poco_socklen_t>(size)).toString();
}

std::string names_of(const X509* certificate) {
    const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> all(
        static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        GENERAL_NAMES_free);
    std::string out;
    for (int i = 0, shown = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
        const std::string name = text_of(*sk_GENERAL_NAME_value(all.get(), i));
        if (name.empty()) continue;
        if (shown++ == kMaxNames) return out + ", …";
        out += (out.empty() ? "" : ", ") + name;
    }
    return out.empty() ? "no host" : out;
}

std::string remedy_for_time(const ASN1_TIME* limit, const char* word) {
    return ": it is valid " + std::string(word) + " " + text_of(limit) +
           ", and the clock of this machine says " + rfc3339(wall_clock_ms()) +
           "; correct the clock, else the server needs a new certificate";
}

/// What OpenSSL's words leave open, in plain words, and what to do.
std::string remedy(int code, const X509* certificate) {
    switch (code) {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return ": that authority is unknown here, or the server should send the certificate "
                   "of an authority in between";
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_UNTRUSTED:
            return ": that authority is unknown here";
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return ": the known authority of that name has another key";
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return remedy_for_time(X509_get0_notAfter(certificate), "until");
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return remedy_for_time(X509_get0_notBefore(certificate), "from");
        default:
            return "";
    }
}

/// Whether another file of authorities could make the certificate a trusted one.
bool is_about_authorities(int code) {
    switch (code) {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_UNTRUSTED:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return true;
        default:
            return false;
    }
}

/// "(certificate of …, issued by …)"
std::string whose(const X509* certificate) {
    if (certificate == nullptr) return "(certificate of ?)";
    return "(certificate of " + text_of(X509_get_subject_name(certificate)) + ", issued by " +
           text_of(X509_get_issuer_name(certificate)) + ")";
}

int note_certificate(int fine, X509_STORE_CTX* store) {
    if (const X509* leaf = X509_STORE_CTX_get0_cert(store); leaf != nullptr) {
        seen_certificate.names = names_of(leaf);
        seen_certificate.issuer = text_of(X509_get_issuer_name(leaf));
    }
    if (fine == 0) {
        const int code = X509_STORE_CTX_get_error(store);
        const X509* certificate = X509_STORE_CTX_get_current_cert(store);
        seen_certificate.complaint = std::string(X509_verify_cert_error_string(code)) + " " +
                                     whose(certificate) + remedy(code, certificate);
        seen_certificate.authority_is_unknown = is_about_authorities(code);
    }
    return fine;
}

bool is_hash_name(const std::string& name) {
    // As `openssl rehash` makes them: eight hexadecimal digits, a dot, a number.
    return name.size() > 9 && name[8] == '.' && name.find_first_not_of("0123456789abcdef") == 8 &&
           name.find_first_not_of("0123456789", 9) == std::string::npos;
}

/// What is wrong with a directory of authorities; empty: nothing.
std::string problem_of_directory(const std::string& path) {
    std::error_code code;
    for (std::filesystem::directory_iterator at(path, code), end; !code && at != end;
         at.increment(code)) {
        if (is_hash_name(at->path().filename().string())) return {};
    }
    return code ? code.message()
                : "a directory without certificates under the names that 'openssl rehash' makes";
}

/// What is wrong with the text of a file of authorities; empty: nothing.
std::string problem_of_text(const std::string& text) {
    if (text.empty()) return "the file is empty";
    const std::unique_ptr<BIO, decltype(&BIO_free)> in(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
    const std::unique_ptr<X509, decltype(&X509_free)> first(
        PEM_read_bio_X509_AUX(in.get(), nullptr, nullptr, nullptr), X509_free);
    ERR_clear_error();
    if (first) return {};
    if (text.find("CERTIFICATE-----") != text.npos) return "its first certificate is damaged";
    const bool der = text.starts_with('\x30') && text.size() > 1 && text[1] == '\x82';
    return der ? "there is no certificate in PEM form in it; it looks like DER, which 'openssl "
                 "x509 -inform der' converts"
               : "there is no certificate in it";
}

/// Where OpenSSL looks for the system's authorities.
struct SystemPlaces {
    std::string file, folder;
};

std::string variable_or(const char* variable, const char* otherwise, bool variables) {
    const char* set = variables ? std::getenv(variable) : nullptr;
    return set != nullptr && *set != '\0' ? set : otherwise;
}

SystemPlaces system_places(bool variables) {
    return {variable_or(X509_get_default_cert_file_env(), X509_get_default_cert_file(), variables),
            variable_or(X509_get_default_cert_dir_env(), X509_get_default_cert_dir(), variables)};
}

/// Loads the system's authorities whatever the environment says. A place may be missing.
void load_system_authorities(SSL_CTX* context) {
    const SystemPlaces places = system_places(false);
    SSL_CTX_load_verify_locations(context, places.file.c_str(), nullptr);
    SSL_CTX_load_verify_locations(context, nullptr, places.folder.c_str());
    ERR_clear_error();
}

}  // namespace

Result<net::Context::Ptr> SharedTls::context(const std::string& ca_file, bool variables) {
    const auto refuse = [&](const std::string& why) {
        const std::string where =
            ca_file.empty() ? "the system's" : "model.caFile or SSL_CERT_FILE, " + ca_file;
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
                                                ca_file.empty() && variables));
        if (ca_file.empty() && !variables) load_system_authorities(made->sslContext());
        made->requireMinimumProtocol(net::Context::PROTO_TLSV1_2);
        SSL_CTX_set_verify(made->sslContext(), SSL_VERIFY_PEER, note_certificate);
        context_ = made;
        return made;
    } catch (const Poco::Exception& e) {
        return refuse(e.displayText());
    }
}

Result<void> check_ca_file(const std::string& ca_file) {
    if (ca_file.empty()) return {};
    const auto refuse = [&](const std::string& why) {
        return Error{"load certificate authorities (model.caFile or SSL_CERT_FILE, " + ca_file +
                     "): " + why +
                     "; it must name a PEM file with the certificates of the authorities"};
    };
    std::error_code ignored;
    const auto status = std::filesystem::status(ca_file, ignored);
    if (status.type() == std::filesystem::file_type::not_found) return refuse("no such file");
    if (std::filesystem::is_directory(status)) {
        const std::string problem = problem_of_directory(ca_file);
        return problem.empty() ? Result<void>() : refuse(problem);
    }
    if (!std::filesystem::is_regular_file(status)) return refuse("not a file");
    const auto text = read_whole_file(ca_file, kMaxCaFile);
    if (!text) return refuse(text.error().message);
    if (const std::string problem = problem_of_text(*text); !problem.empty())
        return refuse(problem);
    return {};
}

SeenCertificate take_seen_certificate() {
    return std::exchange(seen_certificate, {});
}

std::string how_to_trust(const std::string& ca_lock) {
    const std::string what =
        "a PEM file with the certificate of its authority (of the company's "
        "proxy, if one inspects TLS)";
    return ca_lock.empty() ? "; to trust it, set model.caFile (or SSL_CERT_FILE) to " + what
                           : "; the administrator has locked model.caFile (" + ca_lock +
                                 ") and alone can set it to " + what;
}

std::string wrong_name(const SeenCertificate& seen, const std::string& host) {
    return "TLS: the certificate does not belong to " + host + ": it is for " +
           (seen.names.empty() ? "?" : seen.names) + " (issued by " +
           (seen.issuer.empty() ? "?" : seen.issuer) + "); correct the host in model.baseUrl";
}

Result<std::string> find_authorities(const std::string& ca_file, bool variables) {
    if (auto fine = check_ca_file(ca_file); !fine) return fine.error();
    if (!ca_file.empty()) return ca_file;
    const auto [file, folder] = system_places(variables);
    std::error_code failed;
    if (std::filesystem::is_regular_file(file, failed) && check_ca_file(file)) return file;
    const std::filesystem::directory_iterator entries(folder, failed);
    if (!failed && entries != std::filesystem::directory_iterator()) return folder;
    return Error{"the system has no certificates of authorities, neither in " + file + " nor in " +
                 folder};
}

}  // namespace tenon::model
