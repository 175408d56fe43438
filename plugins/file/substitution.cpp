#include "plugins/file/substitution.h"

#include <algorithm>

namespace tenon::file {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

std::string_view without_bom(std::string_view text) {
    return text.substr(text.substr(0, kBom.size()) == kBom ? kBom.size() : 0);
}

/// `text` with every CRLF as LF.
std::string with_lf(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i, 2) != "\r\n") out += text[i];
    }
    return out;
}

std::string lf_to_crlf(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') out += '\r';
        out += c;
    }
    return out;
}

std::size_t count_crlf(std::string_view text) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string_view::npos; at += 2)
        ++n;
    return n;
}

std::size_t count_lines_before(std::string_view text, std::size_t at) {
    return static_cast<std::size_t>(
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

std::vector<std::size_t> find_all(std::string_view text, std::string_view what) {
    std::vector<std::size_t> out;
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string_view::npos;
         at += what.size())
        out.push_back(at);
    return out;
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

std::string without_blanks(std::string_view text) {
    std::string out;
    std::remove_copy_if(text.begin(), text.end(), std::back_inserter(out), is_blank);
    return out;
}

/// The position in `text` of its n-th character that is not a blank.
std::size_t nth_solid(std::string_view text, std::size_t n) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!is_blank(text[i]) && n-- == 0) return i;
    }
    return text.size();
}

}  // namespace

Substitution::Substitution(std::string_view content, std::string_view old_text,
                           std::string_view new_text)
    : content_(content) {
    const std::string old_lf = with_lf(without_bom(old_text));
    new_text_ = with_lf(without_bom(new_text));
    const std::string_view body = without_bom(content);
    const std::size_t body_at = content.size() - body.size();

    literal_ = old_lf == new_text_;
    if (literal_) {
        new_text_ = without_bom(new_text);
        for (const std::size_t at : find_all(body, without_bom(old_text)))
            places_.push_back({body_at + at, without_bom(old_text).size()});
        return;
    }
    const std::size_t crlf = count_crlf(body);
    mostly_crlf_ = 2 * crlf > count_lines_before(body, body.size());
    const std::string folded = crlf == 0 ? std::string() : with_lf(body);
    // Both texts are read in parallel; the folded one lacks only the CRs before LFs.
    std::size_t in_folded = 0;
    std::size_t in_body = 0;
    const auto advance_to = [&](std::size_t to) {
        if (crlf == 0) return in_body = to;
        for (; in_folded < to; ++in_folded)
            in_body += body.substr(in_body, 2) == "\r\n" ? 2 : 1;
        return in_body;
    };
    for (const std::size_t at : find_all(crlf == 0 ? body : std::string_view(folded), old_lf)) {
        const std::size_t begin = advance_to(at);
        const std::size_t end = advance_to(at + old_lf.size());
        places_.push_back({body_at + begin, end - begin});
    }
}

std::vector<std::size_t> Substitution::lines() const {
    std::vector<std::size_t> out;
    for (const Place& place : places_)
        out.push_back(count_lines_before(content_, place.at) + 1);
    return out;
}

/// With the line ends of the replaced piece; if it has none, with those of most lines of the file.
std::string Substitution::replacement(const Place& place) const {
    if (literal_) return new_text_;
    const std::string_view piece = content_.substr(place.at, place.size);
    const std::size_t ends = count_lines_before(piece, piece.size());
    const bool crlf = ends == 0 ? mostly_crlf_ : 2 * count_crlf(piece) > ends;
    return crlf ? lf_to_crlf(new_text_) : new_text_;
}

std::string Substitution::apply() const {
    std::string out;
    std::size_t from = 0;
    for (const Place& place : places_) {
        out.append(content_.substr(from, place.at - from)).append(replacement(place));
        from = place.at + place.size;
    }
    return out.append(content_.substr(from));
}

std::string why_not_found(std::string_view content, std::string_view old_text) {
    const std::string wanted = without_blanks(old_text);
    if (wanted.empty()) return {};
    if (const std::size_t at = without_blanks(content).find(wanted); at != std::string::npos) {
        const std::size_t line = count_lines_before(content, nth_solid(content, at)) + 1;
        return "It would match at line " + std::to_string(line) +
               " with other white space (indentation, tabs, blanks or line breaks): copy the text "
               "as read_file shows it.";
    }
    const std::string_view text =
        old_text.substr(std::min(old_text.find_first_not_of(" \t\r\n"), old_text.size()));
    const std::string_view first =
        text.substr(0, std::min(text.find_first_of("\r\n"), text.size()));
    if (first.size() < text.size()) {
        if (const std::size_t at = content.find(first); at != std::string_view::npos) {
            return "Its first line stands at line " +
                   std::to_string(count_lines_before(content, at) + 1) +
                   ", but what follows there differs.";
        }
    }
    return {};
}

}  // namespace tenon::file
