#include "host/session/named_files.h"

#include <algorithm>
#include <array>
#include <optional>

namespace tenon::session {
namespace {

constexpr std::size_t kLongestPath = 4096;  // PATH_MAX

bool is_blank_character(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// A word of the prompt. `plain` is what it means: without quotes and backslashes.
struct PromptWord {
    std::string plain;
    std::size_t end = 0;  ///< behind it
};

/// A quoted text that begins at `at`; nothing when the quote does not end in this line, or too late
/// for a path.
std::optional<PromptWord> quoted_word(std::string_view text, std::size_t at) {
    const char quote = text[at];
    PromptWord word;
    for (std::size_t i = at + 1; i < text.size() && text[i] != '\n'; ++i) {
        if (word.plain.size() > kLongestPath) return std::nullopt;
        if (text[i] == quote) {
            word.end = i + 1;
            return word;
        }
        if (text[i] == '\\' && quote == '"' && i + 1 < text.size()) ++i;
        word.plain += text[i];
    }
    return std::nullopt;
}

/// The characters up to the next blank. A backslash takes the meaning from the next one. A word
/// that is too long for a path ends there, so that a long text without blanks takes little time.
PromptWord bare_word(std::string_view text, std::size_t at) {
    PromptWord word;
    std::size_t i = at;
    for (; i < text.size() && !is_blank_character(text[i]); ++i) {
        if (word.plain.size() > kLongestPath) break;
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] != '\n') ++i;
        word.plain += text[i];
    }
    word.end = i;
    return word;
}

PromptWord word_at(std::string_view text, std::size_t at) {
    if (text[at] == '"' || text[at] == '\'')
        if (auto quoted = quoted_word(text, at)) return *quoted;
    return bare_word(text, at);
}

constexpr std::string_view kPunctuation = ".,;:!?)]}>'\"`*";

/// The longest beginning that exists, with the punctuation at its end or without; empty: none.
std::string existing(std::string path, const std::function<bool(const std::string&)>& exists) {
    if (path.size() > kLongestPath) return {};
    while (!path.empty()) {
        if (exists(path)) return path;
        if (kPunctuation.find(path.back()) == std::string_view::npos) return {};
        path.pop_back();
    }
    return {};
}

std::string lower_case_end(std::string_view path) {
    const auto dot = path.rfind('.');
    if (dot == std::string_view::npos) return {};
    std::string end(path.substr(dot + 1));
    std::transform(end.begin(), end.end(), end.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return end;
}

bool has_image_name(std::string_view path) {
    constexpr std::array<std::string_view, 5> kEnds = {"png", "jpg", "jpeg", "gif", "webp"};
    return std::find(kEnds.begin(), kEnds.end(), lower_case_end(path)) != kEnds.end();
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The path of a URL `file://…` of this machine; any other text unchanged.
std::string path_of_url(const std::string& word) {
    constexpr std::string_view kScheme = "file://";
    if (!word.starts_with(kScheme)) return word;
    const auto slash = word.find('/', kScheme.size());
    if (slash == std::string::npos) return word;
    const std::string host = word.substr(kScheme.size(), slash - kScheme.size());
    if (!host.empty() && host != "localhost") return word;
    std::string path;
    for (std::size_t i = slash; i < word.size(); ++i) {
        const int high = i + 2 < word.size() ? hex_value(word[i + 1]) : -1;
        const int low = high >= 0 ? hex_value(word[i + 2]) : -1;
        const bool is_code = word[i] == '%' && low >= 0;
        path += is_code ? static_cast<char>(high * 16 + low) : word[i];
        if (is_code) i += 2;
    }
    return path;
}

bool is_pasted_path(std::string_view path) {
    return path.starts_with('/') || path.starts_with("~/") || path.starts_with("./") ||
           path.starts_with("../");
}

/// The same for a text that begins with it, as it is written.
bool may_be_pasted_path(std::string_view text) {
    if (text.starts_with('"') || text.starts_with('\'')) text.remove_prefix(1);
    return is_pasted_path(text) || text.starts_with("file://");
}

class Finder {
public:
    Finder(std::string_view text, const std::function<bool(const std::string&)>& exists)
        : text_(text), exists_(exists) {}

    std::vector<NamedFile> run() {
        for (std::size_t at = 0; at < text_.size();)
            at = begins_word(at) ? word(at) : at + 1;
        return std::move(found_);
    }

private:
    /// An address such as me@example.org has a letter before its `@`.
    [[nodiscard]] bool begins_word(std::size_t at) const {
        if (is_blank_character(text_[at])) return false;
        return at == 0 || is_blank_character(text_[at - 1]) ||
               std::string_view("([{<\"'`").find(text_[at - 1]) != std::string_view::npos;
    }

    std::size_t word(std::size_t at) {
        if (text_[at] == '@') return named(at);
        if (!may_be_pasted_path(text_.substr(at))) return at + 1;
        const PromptWord pasted = word_at(text_, at);
        const std::string path = existing_image(path_of_url(pasted.plain));
        if (path.empty()) return at + 1;
        add({path, true});
        return pasted.end;
    }

    /// At the sign `@`.
    std::size_t named(std::size_t at) {
        if (at + 1 >= text_.size() || is_blank_character(text_[at + 1])) return at + 1;
        const PromptWord name = word_at(text_, at + 1);
        const bool is_quoted = text_[at + 1] == '"' || text_[at + 1] == '\'';
        const std::string path =
            is_quoted && exists_(name.plain) ? name.plain : existing(name.plain, exists_);
        if (path.empty()) return at + 1;
        add({path, false});
        return name.end;
    }

    [[nodiscard]] std::string existing_image(const std::string& path) const {
        if (!is_pasted_path(path)) return {};
        std::string bare = path;
        while (!bare.empty() && !has_image_name(bare) &&
               kPunctuation.find(bare.back()) != std::string_view::npos)
            bare.pop_back();
        return has_image_name(bare) && exists_(bare) ? bare : std::string();
    }

    void add(NamedFile file) {
        const auto same = [&](const NamedFile& known) { return known.path == file.path; };
        if (std::none_of(found_.begin(), found_.end(), same)) found_.push_back(std::move(file));
    }

    std::string_view text_;
    const std::function<bool(const std::string&)>& exists_;
    std::vector<NamedFile> found_;
};

}  // namespace

std::vector<NamedFile> named_files(std::string_view prompt,
                                   const std::function<bool(const std::string&)>& exists) {
    return Finder(prompt, exists).run();
}

}  // namespace tenon::session
