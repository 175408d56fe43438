#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Shell-like patterns over paths. Pure functions of text; linear in pattern times path, whatever
/// a hostile pattern looks like.
namespace tenon::file {

/// The names a relative path is made of, without empty ones and ".". Views into `path`.
using Components = std::vector<std::string_view>;
Components components(std::string_view path);

/// Whether `name`, one component of a path, matches `pattern`: `*`, `?` (one character), `[a-z]`,
/// `[!a-z]`, `[[:digit:]]`, `\` before a literal. As in fnmatch(3), but a bracket without its end
/// matches nothing.
bool matches_name(std::string_view pattern, std::string_view name);

/// A relative path of components, one of which may be `**`: any number of folders, at the end of
/// the pattern at least one name. `*` matches names with a leading dot too.
class PathPattern {
public:
    explicit PathPattern(std::string_view pattern);
    [[nodiscard]] bool matches(const Components& path) const;
    /// Whether a path below the folder `path` could match.
    [[nodiscard]] bool may_match_below(const Components& path) const;

private:
    std::vector<std::string> parts_;
};

/// A pattern of the glob tool: a PathPattern with `{a,b}` alternatives in it. A `/` at the end asks
/// for folders instead of files.
class Glob {
public:
    /// Nothing, and `why`, for a pattern that could never match what its author meant.
    static std::optional<Glob> parse(std::string_view pattern, std::string& why);
    [[nodiscard]] bool matches(std::string_view path) const;
    [[nodiscard]] bool may_match_below(std::string_view path) const;
    [[nodiscard]] bool wants_folders() const { return folders_; }

private:
    std::vector<PathPattern> alternatives_;
    bool folders_ = false;
};

}  // namespace tenon::file
