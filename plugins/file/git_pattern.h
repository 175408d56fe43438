#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::file {

/// One pattern of gitignore(5), with git's own meaning to the byte (wildmatch.c and dir.c of git):
/// also of odd ones, such as `a//b` or a bracket without its end, which match nothing. Matching
/// takes time linear in pattern times text, whatever a hostile pattern looks like.
class GitPattern {
public:
    /// `pattern` has no `!` before it and no `/` behind it any more. One with a `/` in it is
    /// matched against whole paths, any other against the last name of a path.
    explicit GitPattern(std::string_view pattern);

    /// `path` is relative to where the pattern holds, `name` its last component.
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
    std::size_t leading_ = 0;   ///< steps up to the last star; those behind it are bytes
    std::size_t shortest_ = 0;  ///< a text with fewer bytes does not match the steps
};

}  // namespace tenon::file
