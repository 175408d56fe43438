#include "host/shell/parser.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tenon::shell {
namespace {

constexpr std::array<std::string_view, 12> kSkipped = {
    "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "{", "}", "!"};

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Whether it may be the descriptor before < or >: 2, {name}.
bool is_descriptor(const Word& word) {
    if (!is_all_plain(word)) return false;
    const std::string_view text = word.decoded;
    if (is_digits(text)) return true;
    return text.size() > 2 && text.front() == '{' && text.back() == '}' && is_name_start(text[1]) &&
           std::all_of(text.begin() + 1, text.end() - 1, is_name);
}

std::string written_words(const std::vector<Word>& assignments, const std::vector<Word>& words) {
    std::string out;
    for (const auto* list : {&assignments, &words})
        for (const Word& word : *list) {
            if (!out.empty()) out += ' ';
            out += word.written;
        }
    return out;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (is_blank(text.back()) || text.back() == '\n'))
        text.remove_suffix(1);
    return text;
}

}  // namespace

bool is_all_plain(const Word& word) {
    return !word.quotes && word.plain == word.decoded.size() && !word.decoded.empty();
}

bool ParseState::charge(std::size_t bytes) {
    if (bytes > budget) {
        budget = 0;
        fail("too complex");
        return false;
    }
    budget -= bytes;
    return true;
}

void ScriptParser::fail(std::string_view why) {
    state_.fail(why);
    at_ = text_.size();
}

void ScriptParser::skip_blanks() {
    while (!end() && is_blank(peek()))
        ++at_;
}

void ScriptParser::skip_comment() {
    at_ = std::min(text_.find('\n', at_), text_.size());
}

void ScriptParser::skip_blank_lines() {
    for (skip_blanks(); !end() && (peek() == '\n' || peek() == '#'); skip_blanks()) {
        if (peek() == '#') {
            skip_comment();
        } else {
            ++at_;
            here_documents();
        }
    }
}

bool ScriptParser::starts(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i)
        if (peek(i) != text[i]) return false;
    return true;
}

bool ScriptParser::starts_word(std::string_view word) {
    const char next = peek(word.size());
    return starts(word) && (next == '\0' || is_meta(next));
}

std::string ScriptParser::without_continuations(std::size_t from, std::size_t to) const {
    std::string out;
    to = std::min(to, text_.size());
    for (std::size_t i = past_continuations(from); i < to; i = past_continuations(i + 1))
        out += text_[i];
    return out;
}

void ScriptParser::list(Until until) {
    const Nesting level(*this);
    while (true) {
        skip_blank_lines();
        if (end()) break;
        const char c = peek();
        if (c == ')') {
            advance();
            if (until == Until::kParen) return;
            state_.fail("an unexpected )");
        } else if (c == '(') {
            if (peek(1) == '(' && arithmetic_command()) continue;
            advance();
            list(Until::kParen);
        } else if (c == ';' || c == '|' || (c == '&' && peek(1) != '>')) {
            if (separator(until)) return;
        } else {
            command();
            if (esac_ && until == Until::kClause) return;
            esac_ = false;
        }
    }
    if (until == Until::kEnd) {
        here_documents();
    } else {
        fail(until == Until::kParen ? "an unbalanced parenthesis" : "an unfinished case");
    }
}

/// True if it ended a clause of `case`.
bool ScriptParser::separator(Until until) {
    if (peek() != ';' || (peek(1) != ';' && peek(1) != '&')) {
        advance();
        return false;
    }
    advance(peek(1) == ';' && peek(2) == '&' ? 3 : 2);
    return until == Until::kClause;
}

std::size_t ScriptParser::begin_part() {
    state_.parts.emplace_back();
    return state_.parts.size() - 1;
}

void ScriptParser::finish_part(std::size_t index, Part part, std::size_t start) {
    part.written = written_words(part.assignments, part.words);
    part.whole = trimmed(text_.substr(start, at_ - start));
    part.nested = nested_ || substitutions_ > 0;
    const auto note = [&part](const Word& word) {
        if (part.opaque.empty()) part.opaque = word.opaque;
    };
    for (const auto* list : {&part.assignments, &part.words})
        std::for_each(list->begin(), list->end(), note);
    for (const Redirection& redirection : part.redirections)
        note(redirection.target);
    state_.parts[index] = std::move(part);
}

/// A simple command, or one reserved word.
void ScriptParser::command() {
    // Its part comes before the parts in its substitutions.
    const std::size_t index = begin_part();
    const std::size_t start = at_;
    Part part;
    while (command_element(part, index)) {
        const bool first =
            part.words.size() == 1 && part.assignments.empty() && part.redirections.empty();
        if (!first || !is_all_plain(part.words[0])) continue;
        // No part follows yet, since the only word is plain.
        const std::string head = part.words[0].decoded;
        state_.parts.pop_back();
        if (head == "[[") return conditional(start);
        if (head == "time" ? keyword_time() : reserved(head)) return;
        begin_part();
    }
    const bool nothing =
        part.words.empty() && part.assignments.empty() && part.redirections.empty();
    if (nothing && state_.parts.size() == index + 1) return state_.parts.pop_back();
    finish_part(index, std::move(part), start);
}

/// Adds one word or redirection; false at the end of the command.
bool ScriptParser::command_element(Part& part, std::size_t index) {
    skip_blanks();
    if (end()) return false;
    const char c = peek();
    const bool substitutes = peek(1) == '(' && (c == '<' || c == '>');
    if (c == '\n' || c == ';' || c == '|' || c == ')' || c == '#') return false;
    if (c == '&' && peek(1) != '>') return false;
    if (c == '(') return parenthesis_in_command(part);
    if (!substitutes && (c == '<' || c == '>' || c == '&')) {
        redirection(part, index, {});
        return true;
    }
    before_command_ = part.words.empty() || part.words[0].decoded == "time";
    Word word = this->word();
    if ((peek() == '<' || peek() == '>') && is_descriptor(word)) {
        redirection(part, index, word.decoded);
    } else if (part.words.empty() && is_assignment(word)) {
        part.assignments.push_back(std::move(word));
    } else if (!word.written.empty()) {
        part.words.push_back(std::move(word));
    }
    return true;
}

/// `name ()` defines a function; its body follows as commands. Anything else is an error in bash.
bool ScriptParser::parenthesis_in_command(Part& part) {
    const std::size_t open = at_;
    advance();
    skip_blanks();
    if (peek() == ')' && part.words.size() == 1) {
        advance();
        state_.functions.insert(part.words[0].decoded);
        part.words.clear();
        state_.note("a function definition");
    } else {
        at_ = open;
        state_.fail("an unexpected (");
    }
    return false;
}

/// Handles `text`, the first word of a command. False: it is not a reserved word.
bool ScriptParser::reserved(std::string_view text) {
    if (std::find(kSkipped.begin(), kSkipped.end(), text) != kSkipped.end()) return true;
    if (text == "esac") {
        esac_ = true;
    } else if (text == "for" || text == "select") {
        for_header();
    } else if (text == "case") {
        case_statement();
    } else if (text == "function") {
        function_header();
    } else if (text == "coproc") {
        coprocess();
    } else {
        return false;
    }
    return true;
}

/// Whether a compound command begins here.
bool ScriptParser::starts_compound() {
    if (peek() == '(') return true;
    for (const std::string_view next :
         {"{", "!", "if", "while", "until", "for", "select", "case", "[[", "time", "coproc"})
        if (starts_word(next)) return true;
    return false;
}

/// After a |, bash reads `time` and the next words as ordinary words: adds a part with these words.
void ScriptParser::ordinary_time() {
    const std::size_t saved = at_;
    Part part;
    std::string text = "time";
    while (!text.empty() && part.words.size() < kMaxDepth) {
        Word word;
        word.written = word.decoded = std::exchange(text, {});
        part.words.push_back(std::move(word));
        for (skip_blanks();
             is_name(peek()) ||
             (peek() != '\0' && std::string_view("{}[]!-./=:").find(peek()) != std::string::npos);
             advance())
            text += peek();
    }
    at_ = saved;
    part.whole = part.written = written_words({}, part.words);
    part.nested = true;
    state_.parts.push_back(std::move(part));
}

/// `time` before a compound command is a reserved word. Before a simple command it is parsed as a
/// wrapper, so that a rule can name it.
bool ScriptParser::keyword_time() {
    const std::size_t saved = at_;
    skip_blanks();
    while (starts_word("-p") || starts_word("--")) {
        advance(2);
        skip_blanks();
    }
    const bool keyword = starts_compound();
    if (!keyword) at_ = saved;
    if (keyword && peek() != '(') ordinary_time();
    return keyword;
}

}  // namespace tenon::shell
