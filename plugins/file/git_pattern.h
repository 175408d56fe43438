#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::file {

/// One pattern of gitignore(5). It matches exactly what git matches (wildmatch.c and dir.c of git),
/// also for odd patterns: `a//b`, or a bracket without its end, match nothing. Even for a hostile
/// pattern, the time is linear in pattern times text.
class GitPattern {
public:
    /// `pattern` is without the `!` before it and the `/` after it. A pattern with a `/` in it is
    /// matched against whole paths, any other against the last name of a path.
    explicit GitPattern(std::string_view pattern);

    /// `path` is relative to the folder for which the pattern was written; `name` is its last
    /// component.
    [[nodiscard]] bool matches(std::string_view path, std::string_view name) const;

private:
    using Bytes = std::bitset<256>;
    enum class StepKind {
        kByte,         ///< one of `bytes`
        kStar,         ///< any number of bytes but `/`
        kDeep,         ///< any number of bytes
        kDeepFolders,  ///< any number of directories, the `/` that follows included
    };
    struct Step {
        StepKind kind;
        Bytes bytes;
    };

    void parse(std::string_view pattern);
    [[nodiscard]] bool add_bracket(std::string_view pattern, std::size_t& at);
    void add_stars(std::string_view pattern, std::size_t& at);
    void count_steps();
    [[nodiscard]] bool last_bytes_match(std::string_view text) const;
    [[nodiscard]] bool leading_steps_match(std::string_view text) const;
    void add_state(std::vector<bool>& states, std::size_t at) const;
    void add_next_states(std::vector<bool>& then, std::size_t at, char c) const;

    bool whole_path_ = false;
    bool never_ = false;     ///< it is malformed
    std::string beginning_;  ///< what comes before the first special character
    std::vector<Step> steps_;
    std::size_t leading_ = 0;   ///< steps up to the last star; those after it are bytes
    std::size_t shortest_ = 0;  ///< a text with fewer bytes does not match the steps
};

}  // namespace tenon::file
