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
    /// `ca_file`: PEM; empty: the system's authorities.
    Result<Poco::Net::Context::Ptr> context(const std::string& ca_file);

private:
    Mutex mutex_;
    Poco::Net::Context::Ptr context_ TENON_GUARDED_BY(mutex_);
};

/// Checks that the file (or directory) of the authorities can be read and contains a certificate.
/// Cheap. The Error says what to do.
Result<void> check_ca_file(const std::string& ca_file);

/// Returns, and then forgets, what was wrong with the certificate in the last handshake of this
/// thread, and what to do; empty: nothing was wrong.
std::string take_certificate_complaint();

}  // namespace tenon::model
