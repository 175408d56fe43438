#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Shell-like patterns over paths. Pure functions of text. Even for a hostile pattern, the time is
/// linear in pattern times path.
namespace tenon::file {

/// The components of a relative path, without empty ones and ".". Views into `path`.
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
    /// The same, but only if a component of the pattern other than `**` matches the last name of
    /// `path`.
    [[nodiscard]] bool names_folder(const Components& path) const;
    /// Whether the last name of the pattern is written out.
    [[nodiscard]] bool ends_plainly() const;

private:
    std::vector<std::string> parts_;
};

/// A pattern of the glob tool: a PathPattern with `{a,b}` alternatives in it. A `/` at the end asks
/// for folders instead of files.
class Glob {
public:
    /// None, with the reason in `why`, for a pattern that could never match what its author meant.
    static std::optional<Glob> parse(std::string_view pattern, std::string& why);
    [[nodiscard]] bool matches(std::string_view path) const;
    [[nodiscard]] bool may_match_below(std::string_view path) const;
    [[nodiscard]] bool names_folder(std::string_view path) const;
    /// Whether it matches by a name that is written out.
    [[nodiscard]] bool matches_plainly(std::string_view path) const;
    [[nodiscard]] bool wants_folders() const { return folders_; }

private:
    std::vector<PathPattern> alternatives_;
    bool folders_ = false;
};

/// For a pattern that has matched nothing: which part of it has a meaning in other tools but not
/// here. A sentence without a full stop, or empty.
std::string why_no_match(std::string_view pattern);

}  // namespace tenon::file
