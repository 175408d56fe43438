#pragma once

#include <exception>
#include <string>

#include <Poco/Exception.h>

namespace tenon::session {

/// What an exception says, for a person. `what()` of Poco's is the bare name of its class.
inline std::string failure_text(const std::exception& failure) {
    const auto* poco = dynamic_cast<const Poco::Exception*>(&failure);
    return poco != nullptr ? poco->displayText() : failure.what();
}

}  // namespace tenon::session
