#include "host/terminal/path_match.h"

#include <algorithm>
#include <cwctype>

#include "host/base/character.h"
#include "host/base/utf8.h"

namespace tenon::terminal {
namespace {

bool is_ascii(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

char small_letter(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view without_end_slash(std::string_view path) {
    return path.substr(0, path.size() - (path.ends_with('/') ? 1 : 0));
}

std::string_view name_in(std::string_view path) {
    path = without_end_slash(path);
    return path.substr(path.rfind('/') + 1);
}

bool has_in_order(std::string_view text, std::string_view characters) {
    std::size_t done = 0;
    for (const char c : text) {
        if (done == characters.size()) return true;
        if (c == characters[done]) ++done;
    }
    return done == characters.size();
}

std::size_t slashes(std::string_view path) {
    return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
}

struct RankedPath {
    PathRank rank;
    std::string_view path;
    auto operator<=>(const RankedPath&) const = default;
};

/// Collects matches in little memory, however many there are.
class BestPaths {
public:
    void add(const RankedPath& one) {
        ++count_;
        if (best_.empty() || one.rank.fit < fit_) {
            fit_ = one.rank.fit;
            result_.as_good = 0;
            result_.common = one.path;
        }
        if (one.rank.fit == fit_) {
            ++result_.as_good;
            if (!one.path.starts_with(result_.common))
                result_.common = common_beginning(result_.common, one.path);
        }
        best_.push_back(one);
        if (best_.size() == 4 * kMostMatches) keep_best();
    }
    PathMatches take() {
        keep_best();
        result_.others = count_ - best_.size();
        for (const RankedPath& one : best_)
            result_.best.emplace_back(one.path);
        return std::move(result_);
    }

private:
    void keep_best() {
        const std::size_t count = std::min(best_.size(), kMostMatches);
        std::partial_sort(best_.begin(), best_.begin() + static_cast<std::ptrdiff_t>(count),
                          best_.end());
        best_.erase(best_.begin() + static_cast<std::ptrdiff_t>(count), best_.end());
    }

    std::vector<RankedPath> best_;
    std::size_t count_ = 0;
    PathRank::Fit fit_ = PathRank::Fit::kBegins;
    PathMatches result_;
};

}  // namespace

std::string small_letters(std::string_view text) {
    std::string small;
    if (is_ascii(text) || !utf8::is_valid(text) || utf8_locale() == nullptr) {
        for (const char c : text)
            small += small_letter(c);
        return small;
    }
    std::wstring wide = to_wide(text);
    for (wchar_t& c : wide)
        c = static_cast<wchar_t>(::towlower_l(static_cast<wint_t>(c), utf8_locale()));
    return to_utf8(wide);
}

bool means_hidden(std::string_view typed) {
    return typed.starts_with('.') || typed.find("/.") != std::string_view::npos;
}

std::optional<PathRank> rank_of(std::string_view path, std::string_view typed) {
    using Fit = PathRank::Fit;
    if (path == typed && path.ends_with('/')) return std::nullopt;
    if (means_hidden(path) && !means_hidden(typed)) return std::nullopt;
    const std::string_view name = name_in(path);
    const bool is_path = typed.empty() || typed.find('/') != std::string_view::npos;
    if (is_path && path.starts_with(typed)) {
        const std::string_view rest = path.substr(typed.size());
        return PathRank{Fit::kBegins, slashes(without_end_slash(rest)), path.size()};
    }
    if (name.starts_with(typed)) return PathRank{Fit::kBegins, 0, path.size()};
    if (name.find(typed) != std::string_view::npos) return PathRank{Fit::kInName, 0, path.size()};
    if (path.find(typed) != std::string_view::npos) return PathRank{Fit::kInPath, 0, path.size()};
    if (has_in_order(name, typed)) return PathRank{Fit::kLettersInName, 0, path.size()};
    if (has_in_order(path, typed)) return PathRank{Fit::kLettersInPath, 0, path.size()};
    return std::nullopt;
}

PathMatches matches_in(const PathList& paths, std::string_view typed) {
    const std::string wanted = small_letters(typed);
    BestPaths found;
    std::string small;
    paths.visit([&](std::string_view path) {
        if (is_ascii(path)) {
            small.resize(path.size());
            std::transform(path.begin(), path.end(), small.begin(), small_letter);
        } else {
            small = small_letters(path);
        }
        if (const auto rank = rank_of(small, wanted)) found.add({*rank, path});
    });
    return found.take();
}

std::string common_beginning(std::string_view a, std::string_view b) {
    const auto differs = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
    const std::string_view common = a.substr(0, static_cast<std::size_t>(differs - a.begin()));
    return std::string(common.substr(0, common.size() - utf8::incomplete_suffix(common)));
}

}  // namespace tenon::terminal
