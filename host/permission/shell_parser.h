#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host/permission/shell.h"

/// Inside of shell.h; nobody else includes this.
namespace tenon::permission::shell {

/// Deeper nesting of groups, substitutions and wrappers is not followed.
constexpr int kMaxDepth = 64;

/// What all parsers of one script share.
struct Sink {
    std::vector<Part> parts;
    std::string opaque;
    std::string failed;
    std::size_t budget = 0;  ///< bytes that may still be looked at more than once

    void note(std::string_view why) {
        if (opaque.empty()) opaque = why;
    }
    void fail(std::string_view why) {
        note(why);
        if (failed.empty()) failed = why;
    }
    /// False, and the parse failed, when the budget does not cover `bytes`.
    bool charge(std::size_t bytes);
};

/// A recursive descent over one text. It is more tolerant than bash: reserved words are skipped
/// where a command may begin, without asking whether they fit together, because text that bash
/// refuses does not run. Every loop ends at the end of the text, and fail() goes there.
class Parser {
public:
    Parser(std::string_view text, Sink& sink, int depth, bool nested)
        : text_(text), sink_(sink), depth_(depth), substitutions_(nested ? 1 : 0) {}

    void script() { list(Until::kEnd); }
    /// The text is the inside of a here-document: finds the expansions in it. Gives what runs
    /// commands in them, or nothing.
    std::string expansions();

private:
    enum class Until { kEnd, kParen, kClause };
    struct HereDocument {
        std::size_t part, redirection;
        std::string delimiter;
        bool strip_tabs, quoted;
    };
    class Level;

    // shell_parser.cpp: commands
    void list(Until until);
    bool separator(Until until);
    void command();
    bool command_element(Part& part, std::size_t index);
    bool parenthesis_in_command(Part& part);
    bool reserved(std::string_view text);
    bool keyword_time();
    void for_header();
    void case_statement();
    bool case_patterns();
    void function_header();
    void coprocess();
    void conditional(std::size_t start);
    bool arithmetic_command();
    void redirection(Part& part, std::size_t index, std::string fd);
    void here_documents();
    std::string here_document_body(const HereDocument& document);
    std::size_t begin_part();
    void finish_part(std::size_t index, Part part, std::size_t start);
    void header_word(const Word& word);

    // shell_words.cpp: words
    Word word();
    void backslash(Word& word);
    void single_quoted(Word& word);
    void double_quoted(Word& word);
    void ansi_c_quoted(Word& word);
    void dollar(Word& word, bool quoted);
    void parameter(Word& word, bool quoted);
    void arithmetic(Word& word, std::size_t end);
    void backtick(Word& word, bool quoted);
    void substitution(Word& word, const char* what);
    void subscript(Word& word);
    void array(Word& word);
    void scan_to(std::size_t end, Word& word);
    [[nodiscard]] std::size_t arithmetic_end(std::size_t open);

    [[nodiscard]] bool end() const { return at_ >= text_.size(); }
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    [[nodiscard]] bool starts_word(std::string_view word) const;
    void skip_blanks();
    void skip_comment();
    void skip_blank_lines();
    void fail(std::string_view why);

    std::string_view text_;
    Sink& sink_;
    std::size_t at_ = 0;
    int depth_;
    int substitutions_;
    bool before_command_ = false;  ///< the next word may be an assignment
    bool esac_ = false;            ///< the last command was the end of a `case`
    std::vector<HereDocument> pending_;
};

/// Counts one level of nesting for its lifetime; too many end the parse.
class Parser::Level {
public:
    explicit Level(Parser& parser) : parser_(parser) {
        if (++parser_.depth_ > kMaxDepth) parser_.fail("nested too deeply");
    }
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

private:
    Parser& parser_;
};

/// Adds the commands that the words of `sink.parts` hold, and what they hold in turn.
void unwrap(Sink& sink);

bool is_name_start(char c);
bool is_name(char c);
bool is_blank(char c);
/// Ends a word: blank newline ; & | < > ( )
bool is_meta(char c);

}  // namespace tenon::permission::shell
