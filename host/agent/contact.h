#pragma once

namespace tenon::agent {

/// How far an attempt came to reach a server.
enum class Contact {
    kMade,       ///< far enough to send a request
    kNoAddress,  ///< the name of the host could not be looked up
    kRefused,    ///< nothing listens at the address
    kNotMade,    ///< there was no connection for another reason
    kNoTls,      ///< the TLS handshake failed, or the certificate was refused
};

}  // namespace tenon::agent
