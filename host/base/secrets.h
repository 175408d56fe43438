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
    /// Values shorter than 8 bytes are not kept: replacing them would tear ordinary text apart. A
    /// value is also found as it stands inside a JSON string.
    void add(std::string value);
    /// `text` with every known value replaced by "[redacted]".
    [[nodiscard]] std::string redact(std::string text) const;
    /// Which sides of a text are not where it began or ended.
    struct Cut {
        bool begin = false;
        bool end = false;
    };
    /// The same of a part of a longer text: what stands at a cut side and may be a piece of a value
    /// (four bytes or more) is replaced too.
    [[nodiscard]] std::string redact_part(std::string text, Cut cut) const;
    [[nodiscard]] bool empty() const { return values_.empty(); }
    /// Bytes of the longest value: what to read beyond a window so that none is cut.
    [[nodiscard]] std::size_t longest() const {
        return values_.empty() ? 0 : values_.front().size();
    }
    /// How many bytes at the end of `text` can be redacted only when more of it is known: they may
    /// be the beginning of a value.
    [[nodiscard]] std::size_t undecided(std::string_view text) const;

private:
    void keep(std::string value);
    [[nodiscard]] std::size_t end_of_a_value(std::string_view text) const;

    std::vector<std::string> values_;  // longest first, so that a value holding another goes whole
};

/// Redacts text that comes in pieces, wherever these cut a value. `secrets` outlives it.
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
