#include "plugins/file/text_form.h"

namespace tenon::file {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string lone_lf_to_crlf(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 16);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
        out += text[i];
    }
    return out;
}

}  // namespace

void TextFormReader::add(std::string_view bytes) {
    beginning_.append(bytes.substr(0, kByteOrderMark.size() - beginning_.size()));
    for (const char c : bytes) {
        if (c == '\n') {
            ++line_feeds_;
            crlf_ += after_return_ ? 1 : 0;
        }
        after_return_ = c == '\r';
        has_nul_ = has_nul_ || c == '\0';
    }
}

TextForm TextFormReader::form() const {
    if (has_nul_) return {};
    return {beginning_ == kByteOrderMark, line_feeds_ > 0 && crlf_ == line_feeds_};
}

std::string keep_form(const TextForm& form, std::string& text) {
    std::string done;
    if (text.empty() || text.find('\0') != std::string::npos) return done;
    if (form.crlf) {
        std::string converted = lone_lf_to_crlf(text);
        if (converted.size() != text.size()) done = "CRLF line ends";
        text = std::move(converted);
    }
    if (form.byte_order_mark && text.substr(0, kByteOrderMark.size()) != kByteOrderMark) {
        text.insert(0, kByteOrderMark);
        done += (done.empty() ? "" : " and ") + std::string("byte order mark");
    }
    return done;
}

}  // namespace tenon::file
