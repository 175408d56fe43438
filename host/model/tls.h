#pragma once

#include <string>

#include <Poco/Net/Context.h>

#include "host/base/mutex.h"
#include "host/base/result.h"

namespace tenon::model {

/// What the TLS connections of several clients have in common, made with the first of them: loading
/// the authorities takes some 20 ms. For clients with the same `ca_file`. Thread-safe.
class SharedTls {
public:
    /// `ca_file`: PEM; empty: the system's authorities.
    Result<Poco::Net::Context::Ptr> context(const std::string& ca_file);

private:
    Mutex mutex_;
    Poco::Net::Context::Ptr context_ TENON_GUARDED_BY(mutex_);
};

/// Whether this can be the file (or directory) of the authorities: it can be read and holds a
/// certificate. Cheap; the Error says what to do.
Result<void> check_ca_file(const std::string& ca_file);

/// What was wrong with the certificate in the last handshake of this thread, and what to do; empty:
/// nothing. Forgotten with the call.
std::string take_certificate_complaint();

}  // namespace tenon::model
