#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon {

/// The values of known credentials, and their removal from text.
/// Filled before any thread starts; afterwards `redact` may be called from any thread.
class Secrets {
public:
    /// Values shorter than 8 bytes are not kept: replacing them would tear ordinary text apart.
    void add(std::string value);
    /// `text` with every known value replaced by "[redacted]".
    [[nodiscard]] std::string redact(std::string text) const;
    [[nodiscard]] bool empty() const { return values_.empty(); }

private:
    std::vector<std::string> values_;  // longest first, so that a value holding another goes whole
};

}  // namespace tenon
