#include <algorithm>
#include <array>
#include <utility>

#include "host/shell/parser.h"

/// Compound commands that have a grammar of their own.
namespace tenon::shell {
namespace {

/// Operators of [[ that evaluate arithmetic, or the subscript of a name.
bool is_evaluating_operator(std::string_view word) {
    static constexpr std::array<std::string_view, 8> kOperators = {"-eq", "-ne", "-lt", "-le",
                                                                   "-gt", "-ge", "-v",  "-R"};
    return std::find(kOperators.begin(), kOperators.end(), word) != kOperators.end();
}

}  // namespace

/// A word outside of parts: if it runs something, the whole script is opaque.
void ScriptParser::header_word(Word word) {
    if (!word.opaque.empty()) state_.note(word.opaque);
    state_.loose_words.push_back(std::move(word));
}

void ScriptParser::for_header() {
    skip_blanks();
    if (peek() == '(' && peek(1) == '(') {
        advance(2);
        const std::size_t open = at_;
        WordBuilder inside;
        if (!arithmetic_body(inside)) return fail("a for that is not understood");
        WordBuilder header;
        note_arithmetic(header, without_continuations(open, std::max(open, at_ - 2)));
        header.note(inside.word.opaque);
        if (!inside.word.opaque.empty()) state_.note(header.word.opaque);
        return;
    }
    Word name = word();
    const std::string variable = name.decoded;
    header_word(std::move(name));
    skip_blank_lines();
    if (!starts_word("in")) return;
    advance(2);
    for (skip_blanks(); !end() && peek() != '#' && (!is_meta(peek()) || peek(1) == '(');
         skip_blanks()) {
        Word item = word();
        if (item.written.empty()) return fail("a for that is not understood");
        state_.values.push_back({variable, item});
        header_word(std::move(item));
    }
}

void ScriptParser::case_statement() {
    const Nesting level(*this);
    skip_blanks();
    header_word(word());
    skip_blank_lines();
    if (!starts_word("in")) return fail("a case that is not understood");
    advance(2);
    while (true) {
        skip_blank_lines();
        if (end()) return fail("an unfinished case");
        if (starts_word("esac")) return advance(4);
        if (!case_patterns()) return fail("a case that is not understood");
        list(Until::kClause);
        if (std::exchange(esac_, false)) return;
    }
}

bool ScriptParser::case_patterns() {
    if (peek() == '(') advance();
    while (true) {
        skip_blanks();
        if (peek() == '#') return false;
        Word pattern = word();
        if (pattern.written.empty()) return false;
        header_word(std::move(pattern));
        skip_blanks();
        const char c = peek();
        if (end() || (c != '|' && c != ')')) return false;
        advance();
        if (c == ')') return true;
    }
}

void ScriptParser::function_header() {
    state_.note("a function definition");
    skip_blanks();
    Word name = word();
    state_.functions.insert(name.decoded);
    header_word(std::move(name));
    skip_blanks();
    if (peek() != '(') return;
    const std::size_t open = at_;
    advance();
    skip_blanks();
    if (peek() == ')')
        advance();
    else
        at_ = open;  // the body is a subshell
}

/// coproc [NAME] command: only a compound command can have a name.
void ScriptParser::coprocess() {
    state_.note("a coprocess");
    skip_blanks();
    const std::size_t saved = at_;
    if (starts_compound()) return;
    const Word name = word();
    skip_blanks();
    if (name.written.empty() || !starts_compound()) at_ = saved;
}

/// [[ … ]]: inside, < > ( ) && || are operators of the expression.
void ScriptParser::conditional(std::size_t start) {
    const std::size_t index = begin_part();
    Part part;
    const auto add = [&part](std::string text) {
        Word word;
        word.written = word.decoded = std::move(text);
        word.plain = word.decoded.size();
        part.words.push_back(std::move(word));
    };
    add("[[");
    while (true) {
        skip_blank_lines();
        if (end()) return finish_part(index, std::move(part), start), fail("an unfinished [[");
        const std::string& before = part.words.back().decoded;
        const bool regex = before == "=~";
        const bool pattern = before == "==" || before == "=" || before == "!=";
        if (is_evaluating_operator(before)) state_.evaluates = true;
        const bool substitutes = (peek() == '<' || peek() == '>') && peek(1) == '(';
        const bool operates =
            is_meta(peek()) && !substitutes && !(regex && (peek() == '(' || peek() == '|'));
        if (operates) {
            const std::size_t length = peek() == peek(1) && peek() != '(' && peek() != ')' ? 2 : 1;
            std::string text;
            for (std::size_t i = 0; i < length; ++i)
                text += peek(i);
            advance(length);
            add(std::move(text));
            continue;
        }
        part.words.push_back(word(regex     ? WordPlace::kRegex
                                  : pattern ? WordPlace::kPattern
                                            : WordPlace::kArgument));
        const Word& last = part.words.back();
        if (last.decoded == "]]" && is_all_plain(last)) break;
    }
    finish_part(index, std::move(part), start);
}

/// ((…)); false if the parentheses are a subshell in a subshell.
bool ScriptParser::arithmetic_command() {
    const std::size_t start = at_;
    const std::size_t index = begin_part();
    auto pending = std::exchange(pending_, {});
    advance(2);
    WordBuilder inside;
    const bool arithmetic = arithmetic_body(inside);
    pending_ = std::move(pending);
    if (!state_.charge(at_ - start)) return fail("too complex"), true;
    if (!arithmetic) {
        state_.parts.resize(std::min(index, state_.parts.size()));
        at_ = start;
        return false;
    }
    WordBuilder whole;
    note_arithmetic(whole, without_continuations(start, at_));
    if (!inside.word.opaque.empty()) whole.note(inside.word.opaque);
    Part part;
    whole.word.decoded = without_continuations(start, at_);
    whole.word.written = whole.word.decoded;
    whole.word.expands = true;
    part.words.push_back(whole.word);
    finish_part(index, std::move(part), start);
    return true;
}

}  // namespace tenon::shell
