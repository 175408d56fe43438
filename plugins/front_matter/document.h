#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/front_matter/written.h"
#include "plugins/front_matter/yaml.h"

/// Markdown files that begin with YAML between two lines of three hyphens: skills (SKILL.md of
/// agentskills.io) and definitions of subagents.
namespace tenon::front_matter {

/// Larger files are refused.
constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;
constexpr std::size_t kMaxFrontMatterBytes = std::size_t{64} << 10U;

/// Thrown for a file that cannot be used, with the reason in plain words; the caller names the
/// file.
class Malformed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct Document {
    Fields fields;
    std::string body;     ///< valid UTF-8, lines end in LF; without the blank lines around it
    bool mended = false;  ///< the whole is not valid YAML: each field was read by itself
    std::vector<Written> as_written;

    /// The text of a field, on one line; empty when there is none, or it is not text.
    [[nodiscard]] std::string text(std::string_view field) const;
    /// The same for a field that must be text: a value that has another meaning in YAML (`[beta]`,
    /// `#1`, `!new`) is read as it is written.
    [[nodiscard]] std::string text_as_written(std::string_view field) const;
    /// Whether a field is true, in any of YAML's spellings.
    [[nodiscard]] bool yes(std::string_view field) const;
    /// Whether it is false.
    [[nodiscard]] bool no(std::string_view field) const;
};

/// `bytes` may be anything. A byte order mark and lines that end in CRLF are accepted.
Document parse(std::string_view bytes);

}  // namespace tenon::front_matter
