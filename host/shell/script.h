#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Bash command text taken apart, as far as a judge of permissions needs it. The language is that
/// of bash(1) 5.2, run as `bash -c`. Not responsible for what a command means or whether it may
/// run.
namespace tenon::shell {

struct WordMakeup;
struct Glob;

/// One word of a command.
struct Word {
    std::string written;    ///< byte for byte as it stands in the text
    std::string decoded;    ///< quotes removed; expansions ($x, `…`) stay as they are written
    std::size_t plain = 0;  ///< how many bytes of `decoded` stood unquoted at its beginning
    bool expands = false;   ///< holds an expansion: only the shell knows its value
    bool pattern = false;   ///< holds an unquoted * ? [ or {a,b}
    bool tilde = false;     ///< begins with an unquoted ~
    bool element = false;   ///< begins with NAME[…]= or NAME[…]+=
    bool quotes = false;    ///< any quoting stands in it: no reserved word
    bool inert = false;     ///< holds a quoted $ or backquote: plain text, unless it is evaluated
    std::string opaque;     ///< not empty: holds something that runs commands, and what it is
    /// How braces and expansions stand in it; for `parse_script` itself. Null: none are there.
    std::shared_ptr<const WordMakeup> makeup;

    [[nodiscard]] bool literal() const { return !expands && !pattern; }
};

using WordSpan = std::span<const Word>;

/// One redirection, here-documents and here-strings included.
struct Redirection {
    std::string fd;    ///< "2", "{name}", or empty
    std::string op;    ///< < > >> >| <> <& >& &> &>> << <<- <<<
    Word target;       ///< the file, the descriptor, the here-string or the delimiter
    std::string body;  ///< of a here-document

    /// Whether the shell opens the target for writing. Copies of descriptors do not count, and
    /// neither do /dev/null, /dev/stdout, /dev/stderr and /dev/fd/N.
    [[nodiscard]] bool writes_file() const;
};

/// One simple command, `[[ … ]]` or `(( … ))`; or assignments or redirections that stand alone.
struct Part {
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    std::string written;  ///< assignments and words as written, one blank between them
    std::string whole;    ///< the same piece of text untouched, redirections included
    std::vector<Word> assignments;
    std::vector<Word> words;
    std::vector<Redirection> redirections;
    /// Not empty: not wholly understood, and why.
    std::string opaque;
    /// Found in a substitution, or in the words of another part: a part that is not nested and
    /// covers this one is always there, or the whole script is opaque.
    bool nested = false;
    /// Joined by && to the part right before it in the same list: runs only where that one
    /// succeeded, in the directory that it left. Set by `understand` alone.
    bool after_success = false;
    /// Its input may be the output of another part, a file or a text: it stands behind a pipe or in
    /// a group that does, or has an input redirection. Set by `understand` alone.
    bool given_input = false;
    /// The part whose words (of a wrapper such as `env`, or of `bash -c`) hold this one.
    std::size_t parent = kNone;
    /// The literal directories that the text changes to (`cd /`), in its order: a relative operand
    /// may start at each of them. Null: none.
    std::shared_ptr<const std::vector<Word>> directories;
    /// The lines that deny rules look at (command_pattern.h), where `parse_script` has put them
    /// together.
    std::vector<std::string> lines;
    /// The same with what its patterns may stand for; empty: no word is a pattern.
    std::vector<std::shared_ptr<const Glob>> globs;

    /// The decoded words joined by one blank, without the assignments before them.
    [[nodiscard]] std::string decoded() const;
};

struct Script {
    std::vector<Part> parts;
    /// Not empty: the text as a whole is not understood (unbalanced, too deep, defines functions
    /// …). The parts found so far are there, so that deny rules can still look at them.
    std::string opaque;
    /// Not empty: the text could not be taken apart at all, and why (an unbalanced quote, nested
    /// too deeply, too complex, a NUL byte …): `parts` may lack commands that bash would run.
    /// `opaque` is then set too. Where deny rules on Bash are in force, such a text is refused with
    /// this reason, in every mode.
    std::string failed;
};

/// Takes text apart for deny and ask rules and the built-in deny list: over-approximates. Whatever
/// bash may run of literal words is among the parts, or the parse failed. Parts may be there that
/// never run: a literal value of a variable is tried where the variable stands, a quoted text is
/// looked into where arithmetic may evaluate it. Allow rules look at `understand` (grammar.h).
/// Takes any bytes. The work is bounded by a multiple of the length, and so is the memory; nesting
/// by a constant. Text with anything but blanks and comments gives at least one part. Pure;
/// thread-safe.
Script parse_script(std::string_view text);

/// NAME=…, NAME+=… or NAME[…]=… with the name and = unquoted.
bool is_assignment(const Word& word);

/// The file name of a command word: what stands after the last slash.
std::string_view command_name(const Word& word);

}  // namespace tenon::shell
