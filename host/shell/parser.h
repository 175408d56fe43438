#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "host/shell/script.h"

/// Internal to script.h.
namespace tenon::shell {

/// Groups, substitutions and wrappers that are nested deeper are not parsed.
constexpr int kMaxDepth = 64;

/// One `$x`, `${…}`, `$(…)`, backquotes, `<(…)` or `(…)` of an array.
struct Expansion {
    std::string written;              ///< without continued lines
    std::string name;                 ///< of the variable; empty for a substitution or arithmetic
    std::string operation;            ///< the text after the name in ${…}
    std::vector<std::string> values;  ///< literal values that its own text gives it
    bool quoted = false;
    bool many = false;       ///< may become several words even if quoted: $@, arrays
    bool assigns = false;    ///< ${x:=…}: assigns to the variable
    bool indirect = false;   ///< ${!x}
    bool runs_here = false;  ///< a process substitution: the name of a file with its output
};

/// The units of a word: bytes, quoted bytes, and expansions.
struct WordStructure {
    static constexpr char32_t kQuoted = 0x100;       ///< added to a byte that is quoted
    static constexpr char32_t kExpansion = 0x10000;  ///< added to an index in `expansions`

    std::u32string units;
    std::vector<Expansion> expansions;
};

/// A word while it is read.
struct WordBuilder {
    Word word;
    WordStructure structure;
    bool quotes = false;  ///< it has any quoting

    void add(char c, bool quoted);
    void add(std::string_view text, bool quoted);
    void add(Expansion expansion);
    void note(std::string_view why) {
        if (word.opaque.empty()) word.opaque = why;
    }
    /// The word; with its structure if it has expansions or braces.
    Word finish();
};

/// The state that all parsers of one script share.
struct ParseState {
    std::vector<Part> parts;
    std::vector<Word> loose_words;  ///< words outside of parts: of `for`, `case`, arrays
    std::vector<std::pair<std::string, Word>> values;  ///< of the variables of `for`
    std::unordered_set<std::string> functions;
    std::string opaque;
    std::string failed;
    std::size_t budget = 0;  ///< bytes that may still be parsed again
    bool evaluates = false;  ///< something may evaluate the text of a variable or word
    bool aliases = false;    ///< the text may enable them, which may change how it is read
    bool extglob = false;    ///< the text may enable it: X( … ) may be a pattern

    void note(std::string_view why) {
        if (opaque.empty()) opaque = why;
    }
    void fail(std::string_view why) {
        note(why);
        if (failed.empty()) failed = why;
    }
    /// Takes `bytes` from the budget. False if there are too few left: then the parse has failed.
    bool charge(std::size_t bytes);
};

/// A recursive descent parser for one text. It is more tolerant than bash: it skips reserved words
/// at the beginning of a command and does not check that they fit together, since text that bash
/// refuses does not run. Every loop ends at the end of the text; fail() goes there.
///
/// As for bash, a continued line (backslash, newline) does not exist: `peek`, `advance` and `end`
/// skip it. Code for literal text (single quotes, comments, quoted here-documents) uses `text_`.
class ScriptParser {
public:
    ScriptParser(std::string_view text, ParseState& state, int depth, bool nested)
        : text_(text), state_(state), depth_(depth), nested_(nested) {}

    void script() { list(Until::kEnd); }
    /// For the body of a here-document: parses its expansions. Returns what in them runs commands;
    /// empty: nothing.
    std::string expansions();
    /// For one word of `env -S`, where only ${NAME} is special.
    Word env_word();

private:
    enum class Until { kEnd, kParen, kClause };
    enum class WordPlace { kArgument, kPattern, kRegex };
    struct HereDocument {
        std::size_t part, redirection;
        std::string delimiter;
        bool strip_tabs, quoted;
    };
    struct DocumentLine;
    class Nesting;

    // parser.cpp: commands
    void list(Until until);
    bool separator(Until until);
    void command();
    bool command_element(Part& part, std::size_t index);
    bool parenthesis_in_command(Part& part);
    bool reserved(std::string_view text);
    bool keyword_time();
    void ordinary_time();
    bool starts_compound();
    std::size_t begin_part();
    void finish_part(std::size_t index, Part part, std::size_t start);

    // compound.cpp: for, case, function, coproc, [[, ((
    void for_header();
    void case_statement();
    bool case_patterns();
    void function_header();
    void coprocess();
    void conditional(std::size_t start);
    bool arithmetic_command();
    void header_word(Word word);

    // redirections.cpp
    void redirection(Part& part, std::size_t index, std::string fd);
    void here_documents();
    std::string here_document_body(const HereDocument& document);
    DocumentLine here_document_line(const HereDocument& document);

    // words.cpp: words
    Word word(WordPlace place = WordPlace::kArgument);
    bool metacharacter(WordBuilder& build, WordPlace place, bool plain);
    void backslash(WordBuilder& build);
    void single_quoted(WordBuilder& build);
    void double_quoted(WordBuilder& build);
    void ansi_c_quoted(WordBuilder& build);
    void subscript(WordBuilder& build);
    void array(WordBuilder& build);
    void group_of_pattern(WordBuilder& build, bool regex);

    // expansions.cpp
    void dollar(WordBuilder& build, bool quoted);
    void dollar_parenthesis(WordBuilder& build, bool quoted);
    void parameter(WordBuilder& build, bool quoted);
    void parameter_name(Expansion& expansion);
    bool parameter_rest(WordBuilder& inside, bool quoted);
    void judge_parameter(WordBuilder& build, const Expansion& expansion);
    void old_arithmetic(WordBuilder& build, bool quoted);
    void backtick(WordBuilder& build, bool quoted);
    void substitution(WordBuilder& build, const char* what, bool quoted);
    bool arithmetic_body(WordBuilder& inside);
    void note_arithmetic(WordBuilder& build, std::string_view inside);
    void until_closed(WordBuilder& inside, char open, char close);
    bool quoting_element(WordBuilder& build, bool quoted);
    void scan(WordBuilder& build);
    void try_as_script(const std::string& script);
    std::vector<std::string> outputs_since(std::size_t first);

    /// `i`, or the place after the continued lines there.
    [[nodiscard]] std::size_t past_continuations(std::size_t i) const {
        while (i + 1 < text_.size() && text_[i] == '\\' && text_[i + 1] == '\n')
            i += 2;
        return i;
    }
    bool end() { return (at_ = past_continuations(at_)) >= text_.size(); }
    char peek(std::size_t ahead = 0) {
        std::size_t i = at_ = past_continuations(at_);
        for (; ahead > 0; --ahead)
            i = past_continuations(i + 1);
        return i < text_.size() ? text_[i] : '\0';
    }
    void advance(std::size_t count = 1) {
        for (; count > 0 && !end(); --count)
            ++at_;
    }
    [[nodiscard]] char raw(std::size_t ahead) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    bool starts(std::string_view text);
    bool starts_word(std::string_view word);
    [[nodiscard]] std::string without_continuations(std::size_t from, std::size_t to) const;
    void skip_blanks();
    void skip_comment();
    void skip_blank_lines();
    void fail(std::string_view why);

    std::string_view text_;
    ParseState& state_;
    std::size_t at_ = 0;
    int depth_;
    bool nested_;
    int substitutions_ = 0;        ///< number of $( and <( around this place
    bool before_command_ = false;  ///< the next word may be an assignment
    bool quoted_word_ = false;     ///< the last word had quotes
    bool esac_ = false;            ///< the last command ended a `case`
    std::vector<HereDocument> pending_;
};

/// Counts one level of nesting for its lifetime. Too many levels fail the parse.
class ScriptParser::Nesting {
public:
    explicit Nesting(ScriptParser& parser) : parser_(parser) {
        if (++parser_.depth_ > kMaxDepth) parser_.fail("nested too deeply");
    }
    ~Nesting() { --parser_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

private:
    ScriptParser& parser_;
};

/// The text between the quotes of $'…' as bash 5.2 decodes it.
std::string decode_ansi_c(std::string_view text);

/// The output of printf for the format words[from] and the words after it, approximately.
std::string formatted(const std::vector<Word>& words, std::size_t from);

/// The results that the operator after the name in ${…} (`:1`, `%.c`, `^^` …) can have for a value.
std::vector<std::string> transformed(const std::string& value, std::string_view operation);

/// The words that bash's brace expansion of `units` gives. A long sequence of numbers becomes one
/// word with a *. Empty: there are more than `most`.
std::vector<std::u32string> expand_braces(const std::u32string& units, std::size_t most);

/// Adds the commands in the words of `state.parts`, those that the words may expand to, and so on
/// for the added parts.
void unwrap(ParseState& state);

bool is_name_start(char c);
bool is_name(char c);
bool is_blank(char c);
/// Whether it ends a word: blank newline ; & | < > ( )
bool is_meta(char c);
bool is_identifier(std::string_view text);
/// Nothing in the word is quoted.
bool is_all_plain(const Word& word);

}  // namespace tenon::shell
