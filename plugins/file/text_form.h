#pragma once

#include <string>
#include <string_view>

/// How a text is stored: byte order mark and line ends. Pure functions of bytes.
namespace tenon::file {

struct TextForm {
    bool byte_order_mark = false;
    bool crlf = false;  ///< every line end is CRLF, and there is one
};

/// Finds the form of a file from its bytes, which may come in pieces.
class TextFormReader {
public:
    void add(std::string_view bytes);
    /// A file that contains a NUL byte is not text and has no form.
    [[nodiscard]] TextForm form() const;

private:
    std::string beginning_;  // three bytes at most
    std::size_t crlf_ = 0, line_feeds_ = 0;
    bool after_return_ = false, has_nul_ = false;
};

/// Gives `text` the form, which a model does not see and cannot write: adds a byte order mark
/// unless there is one, and makes CRLF of each LF without a CR. An empty text, and one with a NUL
/// byte, is not changed. Returns what was done, in words; empty: nothing.
std::string keep_form(const TextForm& form, std::string& text);

}  // namespace tenon::file
