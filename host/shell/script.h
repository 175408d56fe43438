#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Bash command text, parsed as far as decisions on permission need it. The language is that of
/// bash(1) 5.2, run as `bash -c`. Not responsible for what a command means or whether it may run.
namespace tenon::shell {

struct WordStructure;
struct Glob;

/// One word of a command.
struct Word {
    std::string written;    ///< byte for byte as in the text
    std::string decoded;    ///< quotes removed; expansions ($x, `…`) as they are written
    std::size_t plain = 0;  ///< how many bytes at the beginning of `decoded` were not quoted
    bool expands = false;   ///< has an expansion: only the shell knows the value
    bool pattern = false;   ///< has an unquoted * ? [ or {a,b}
    bool tilde = false;     ///< begins with an unquoted ~
    bool element = false;   ///< begins with NAME[…]= or NAME[…]+=
    bool quotes = false;    ///< has any quoting, so it is not a reserved word
    bool inert = false;     ///< has a quoted $ or backquote: plain text, unless it is evaluated
    std::string opaque;     ///< not empty: what in it runs commands
    /// Its braces and expansions, for `parse_script` itself. Null: it has none.
    std::shared_ptr<const WordStructure> structure;

    [[nodiscard]] bool literal() const { return !expands && !pattern; }
};

using WordSpan = std::span<const Word>;

/// One redirection, here-documents and here-strings included.
struct Redirection {
    std::string fd;    ///< "2", "{name}", or empty
    std::string op;    ///< < > >> >| <> <& >& &> &>> << <<- <<<
    Word target;       ///< the file, the descriptor, the here-string or the delimiter
    std::string body;  ///< of a here-document

    /// Whether the shell opens the target for writing. False for copies of descriptors and for
    /// /dev/null, /dev/stdout, /dev/stderr and /dev/fd/N.
    [[nodiscard]] bool writes_file() const;
};

/// One simple command, `[[ … ]]` or `(( … ))`; or assignments or redirections without a command.
struct Part {
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    std::string written;  ///< assignments and words as written, one blank between them
    std::string whole;    ///< the same part of the text unchanged, with redirections
    std::vector<Word> assignments;
    std::vector<Word> words;
    std::vector<Redirection> redirections;
    /// Not empty: why the part is not fully understood.
    std::string opaque;
    /// Found in a substitution, or in the words of another part. A part that is not nested contains
    /// it, or the whole script is opaque.
    bool nested = false;
    /// Joined by && to the part before it in the same list: runs only if that one succeeded, in the
    /// directory where it ended. Set only by `understand`.
    bool after_success = false;
    /// Its input may be the output of another part, a file or a text: it, or a group around it,
    /// follows a pipe or has an input redirection. Set only by `understand`.
    bool given_input = false;
    /// The part whose words contain this one: a wrapper such as `env`, or `bash -c`.
    std::size_t parent = kNone;
    /// The literal directories that the text changes to (`cd /`) before the part, in order. A
    /// relative operand may start at each of them. Null: none.
    std::shared_ptr<const std::vector<Word>> directories;
    /// The lines that deny rules are compared with (command_pattern.h). Set only by `parse_script`.
    std::vector<std::string> lines;
    /// The same with wildcards; empty if no word is a pattern.
    std::vector<std::shared_ptr<const Glob>> globs;

    /// The decoded words joined by one blank, without the assignments before them.
    [[nodiscard]] std::string decoded() const;
};

struct Script {
    std::vector<Part> parts;
    /// Not empty: why the text as a whole is not understood (unbalanced, too deep, defines
    /// functions …). `parts` has what was found, for deny rules.
    std::string opaque;
    /// Not empty: why the text could not be parsed (an unbalanced quote, nested too deeply, too
    /// complex, a NUL byte …). Then `opaque` is set too, and `parts` may lack commands that bash
    /// would run: if there are deny rules about Bash, such a text is refused in every mode.
    std::string failed;
};

/// Parses text for deny rules, ask rules and the built-in deny list. Over-approximates: each
/// command of literal words that bash may run is among the parts, or the parse failed. There may be
/// parts that never run: a variable is replaced by each literal value that the text gives it, and
/// quoted text that arithmetic may evaluate is parsed too. Allow rules use `understand`
/// (grammar.h). Accepts any bytes. Time and memory are bounded by a multiple of the length, nesting
/// by a constant. Text with more than blanks and comments has at least one part. Pure; thread-safe.
Script parse_script(std::string_view text);

/// Whether it is NAME=…, NAME+=… or NAME[…]=… with name and = unquoted.
bool is_assignment(const Word& word);

/// The file name of a command word: the text after the last slash.
std::string_view command_name(const Word& word);

}  // namespace tenon::shell
