#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

/// The values of known credentials, and their removal from text.
/// Filled before any thread starts; afterwards `redact` may be called from any thread.
class Secrets {
public:
    /// Values shorter than 8 bytes are ignored, because they also occur in ordinary text. A value
    /// is also found in the form that it has inside a JSON string.
    void add(std::string value);
    /// `text` with every known value replaced by "[redacted]".
    [[nodiscard]] std::string redact(std::string text) const;
    /// At which ends a longer text was cut.
    struct Cut {
        bool begin = false;
        bool end = false;
    };
    /// The same for a part of a longer text: what may be a piece of a value (four bytes or more) at
    /// a cut end is replaced too.
    [[nodiscard]] std::string redact_part(std::string text, Cut cut) const;
    [[nodiscard]] bool empty() const { return values_.empty(); }
    /// The bytes of the longest value: so much must be read beyond a window, so that no value is
    /// cut.
    [[nodiscard]] std::size_t longest() const {
        return values_.empty() ? 0 : values_.front().size();
    }
    /// How many bytes at the end of `text` may be the beginning of a value, so that more text must
    /// be known before they are shown.
    [[nodiscard]] std::size_t undecided(std::string_view text) const;

private:
    void keep(std::string value);
    [[nodiscard]] std::size_t end_of_a_value(std::string_view text) const;

    std::vector<std::string> values_;  // longest first: a value may contain another one
};

/// Redacts text that comes in pieces, even if the pieces cut a value. `secrets` outlives it.
class RedactedStream {
public:
    explicit RedactedStream(const Secrets& secrets) : secrets_(secrets) {}

    /// What may be shown now.
    std::string take(std::string_view piece);
    /// The rest, when nothing more comes.
    std::string finish();

private:
    const Secrets& secrets_;
    std::string waiting_;
};

}  // namespace tenon
