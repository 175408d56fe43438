#pragma once

#include <string>

#include <Poco/Net/Context.h>

#include "host/base/mutex.h"
#include "host/base/result.h"

namespace tenon::model {

/// The TLS context that several clients with the same `ca_file` share. It is made for the first
/// connection, since loading the authorities takes about 20 ms. Thread-safe.
class SharedTls {
public:
    /// `ca_file`: PEM; empty: the system's authorities. `variables`: whether SSL_CERT_FILE and
    /// SSL_CERT_DIR say where these are.
    Result<Poco::Net::Context::Ptr> context(const std::string& ca_file, bool variables = true);

private:
    Mutex mutex_;
    Poco::Net::Context::Ptr context_ TENON_GUARDED_BY(mutex_);
};

/// Checks that the file (or directory) of the authorities can be read and contains a certificate.
/// Cheap. The Error says what to do.
Result<void> check_ca_file(const std::string& ca_file);

/// The certificate of the peer in a handshake. All texts are for messages: bounded, and without
/// characters that could move the cursor or hide others.
struct SeenCertificate {
    std::string complaint;              ///< what is wrong in its chain; empty: nothing
    bool authority_is_unknown = false;  ///< that is wrong; `how_to_trust` says what to do
    std::string names;                  ///< the hosts that it is for
    std::string issuer;                 ///< who signed it
};

/// Returns, and then forgets, what the last handshake of this thread has shown.
SeenCertificate take_seen_certificate();

/// The end of a message that an authority is unknown. `ca_lock` is where model.caFile is locked;
/// empty: it is not.
std::string how_to_trust(const std::string& ca_lock);

/// The message for a trusted certificate that is not for `host`.
std::string wrong_name(const SeenCertificate& seen, const std::string& host);

/// Where the certificates of the authorities are: `ca_file`, or the system's file or directory. The
/// Error says that there are none, so that no server could be verified. `variables`: see SharedTls.
Result<std::string> find_authorities(const std::string& ca_file, bool variables = true);

}  // namespace tenon::model
