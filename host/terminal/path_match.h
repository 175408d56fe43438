#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Which paths a person means by a part of a name. Pure.
namespace tenon::terminal {

/// `text` in small letters, also beyond ASCII. Invalid UTF-8 stays as it is.
std::string small_letters(std::string_view text);

/// How well a path fits to what was typed; the smaller, the better.
struct PathRank {
    enum class Fit {
        kBegins,  ///< the name begins with it, or the path when a slash was typed
        kInName,
        kInPath,
        kLettersInName,  ///< its characters come in this order
        kLettersInPath,
    };
    Fit fit = Fit::kBegins;
    std::size_t depth = 0;  ///< folders below what was typed, when the path begins with that
    std::size_t length = 0;
    auto operator<=>(const PathRank&) const = default;
};
/// None when the path does not fit. Both are in small letters; a folder ends with a slash. Below
/// hidden folders, and for hidden files, only if a name in `typed` begins with a dot.
std::optional<PathRank> rank_of(std::string_view path, std::string_view typed);

/// Whether a name in `typed` begins with a dot.
bool means_hidden(std::string_view typed);

/// Many paths in little memory.
class PathList {
public:
    /// `path` has no NUL byte.
    void add(std::string_view path) { bytes_.append(path).push_back('\0'), ++count_; }
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_.size(); }
    template <class Visit>
    void visit(const Visit& each) const {
        for (std::size_t at = 0; at < bytes_.size();) {
            const std::string_view path(bytes_.data() + at);
            each(path);
            at += path.size() + 1;
        }
    }

private:
    std::string bytes_;
    std::size_t count_ = 0;
};

struct PathMatches {
    std::vector<std::string> best;  ///< the best first
    std::size_t others = 0;         ///< further matches
    std::size_t as_good = 0;        ///< how many fit as well as the first, which counts too
    std::string common;             ///< the common beginning of these
    bool operator==(const PathMatches&) const = default;
};
/// The matches of `typed` in `paths`. At most kMostMatches of them are returned.
constexpr std::size_t kMostMatches = 100;
PathMatches matches_in(const PathList& paths, std::string_view typed);

/// The longest common beginning, in whole characters.
std::string common_beginning(std::string_view a, std::string_view b);

}  // namespace tenon::terminal
