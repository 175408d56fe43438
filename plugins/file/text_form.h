#pragma once

#include <string>
#include <string_view>

/// How a text is stored, apart from what it says. Pure functions of bytes.
namespace tenon::file {

struct TextForm {
    bool byte_order_mark = false;
    bool crlf = false;  ///< every line end is CRLF, and there is one
};

/// Takes the bytes of a file as they come.
class TextFormReader {
public:
    void add(std::string_view bytes);
    /// A file with a NUL byte in it is no text and has no form.
    [[nodiscard]] TextForm form() const;

private:
    std::string beginning_;  // three bytes at most
    std::size_t crlf_ = 0, line_feeds_ = 0;
    bool after_return_ = false, has_nul_ = false;
};

/// Gives `text` the form, which a model does not see and cannot write: a byte order mark, unless it
/// has one, and CRLF for each LF that stands alone. An empty text, and one with a NUL byte, stays
/// as it is. Returns what was done, in words; empty: nothing.
std::string keep_form(const TextForm& form, std::string& text);

}  // namespace tenon::file
