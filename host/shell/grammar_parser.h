#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "host/shell/script.h"

/// Internal to grammar.h.
namespace tenon::shell::grammar {

/// Lists of commands that are nested deeper are not understood. The text itself is one list.
constexpr int kMaxListDepth = 32;

/// A recursive descent parser that accepts exactly the grammar of GRAMMAR.md. A function that
/// returns bool returns false for text outside the grammar, after it has called `refuse`; then its
/// caller returns false too. For one text.
class GrammarParser {
public:
    explicit GrammarParser(std::string_view text) : text_(text) {}

    bool script();
    /// Valid after `script` returned true.
    std::vector<Part> take_parts() { return std::move(parts_); }
    /// Valid after `script` returned false.
    [[nodiscard]] const std::string& why() const { return why_; }

private:
    /// The words that may end a list.
    using Closers = std::initializer_list<std::string_view>;

    struct HereDocument {
        std::size_t part, redirection;
        std::string delimiter;
        bool strip_tabs;
    };
    /// What is known of one pipeline of a list.
    struct Pipeline {
        bool negated = false;
        bool first_is_simple = false;
        int commands = 0;
    };
    /// The position of a word: command name or before it, after the name, or target of a
    /// redirection.
    enum class WordPlace { kCommand, kArgument, kTarget };
    /// A word while it is read.
    struct WordReading {
        Word word;
        WordPlace place;
        bool plain = true;            ///< nothing quoted so far
        bool quoted_special = false;  ///< a quoted byte that is special in a pattern
        bool open_bracket = false;    ///< an unquoted [
        bool open_brace = false;      ///< an unquoted {
        bool braces = false;          ///< an unquoted { or }
    };
    class Nesting;

    // grammar_parser.cpp: commands
    bool list(Closers closers);
    bool and_or_list();
    bool pipeline(Pipeline& pipeline);
    bool pipeline_prefix(Pipeline& pipeline);
    bool command(Pipeline& pipeline);
    bool compound(std::string_view opener);
    void mark_given_input(std::size_t first);
    bool condition();
    bool loop();
    bool expect(std::string_view closer);
    bool redirections_of_compound();
    bool simple_command();
    bool command_element(Part& part);
    bool add_word(Part& part, Word word);
    bool finish(Part part, std::size_t start, std::size_t stop);
    bool redirection(Part& part, std::string fd);
    bool file_target(Redirection& redirection);
    bool descriptor_target(Redirection& redirection);
    bool here_document(Part& part, Redirection redirection);
    bool here_string(Redirection& redirection);
    bool delimiter(Word& word);
    bool here_document_bodies();
    bool here_document_body(std::string_view delimiter, bool strip_tabs, bool substitution,
                            std::string& body);
    bool comment();
    bool blank_lines();

    // grammar_words.cpp: words
    bool word(Word& out, WordPlace place);
    bool finish_word(WordReading& reading, std::size_t start, Word& out);
    bool unquoted(WordReading& reading);
    bool tilde(WordReading& reading);
    bool brace(WordReading& reading);
    bool backslash(WordReading& reading);
    bool single_quoted(WordReading& reading);
    bool double_quoted(WordReading& reading);
    bool backslash_in_double_quotes(WordReading& reading);
    bool cat_substitution(WordReading& reading);
    static void add_quoted(WordReading& reading, std::string_view bytes);

    [[nodiscard]] bool end() const { return at_ >= text_.size(); }
    /// NUL at the end of the text, which contains no NUL.
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    [[nodiscard]] char before() const { return at_ > 0 ? text_[at_ - 1] : '\n'; }
    [[nodiscard]] bool starts(std::string_view text) const {
        return text_.substr(at_, text.size()) == text;
    }
    [[nodiscard]] std::string_view raw_word() const;
    [[nodiscard]] bool at_closer(Closers closers) const;
    void blanks();
    bool refuse(std::string_view why);

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    int loops_ = 0;
    std::vector<Part> parts_;
    std::vector<HereDocument> pending_;
    bool reopens_descriptor_ = false;  ///< a redirection writes to /dev/stdout or similar
    bool opens_for_reading_ = false;
    std::string why_;
};

/// Ends a word: a blank, a newline, ; & | < > ( ) or the end.
bool is_meta(char c);
bool is_name_start(char c);
bool is_name(char c);
bool is_digits(std::string_view text);

}  // namespace tenon::shell::grammar
