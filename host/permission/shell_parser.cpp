#include "host/permission/shell_parser.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tenon::permission::shell {
namespace {

constexpr std::array<std::string_view, 12> kSkipped = {
    "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "{", "}", "!"};

bool is_all_plain(const Word& word) {
    return word.plain == word.decoded.size() && !word.decoded.empty();
}

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// What may stand right before < or >: 2, {name}.
bool is_descriptor(const Word& word) {
    if (!is_all_plain(word)) return false;
    const std::string_view text = word.decoded;
    if (is_digits(text)) return true;
    return text.size() > 2 && text.front() == '{' && text.back() == '}' && is_name_start(text[1]) &&
           std::all_of(text.begin() + 1, text.end() - 1, is_name);
}

std::string joined(const std::vector<Word>& assignments, const std::vector<Word>& words) {
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

/// Whether a newline after `line` is quoted by a backslash that is not quoted itself.
bool continues(std::string_view line) {
    const auto last = line.find_last_not_of('\\');
    const std::size_t count = line.size() - (last == std::string_view::npos ? 0 : last + 1);
    return count % 2 == 1;
}

}  // namespace

bool Sink::charge(std::size_t bytes) {
    if (bytes > budget) {
        budget = 0;
        fail("too complex");
        return false;
    }
    budget -= bytes;
    return true;
}

void Parser::fail(std::string_view why) {
    sink_.fail(why);
    at_ = text_.size();
}

void Parser::skip_blanks() {
    while (!end()) {
        if (peek() == '\\' && peek(1) == '\n') {
            at_ += 2;
        } else if (is_blank(peek())) {
            ++at_;
        } else {
            return;
        }
    }
}

void Parser::skip_comment() {
    at_ = std::min(text_.find('\n', at_), text_.size());
}

void Parser::skip_blank_lines() {
    for (skip_blanks(); !end() && (peek() == '\n' || peek() == '#'); skip_blanks()) {
        if (peek() == '#') {
            skip_comment();
        } else {
            ++at_;
            here_documents();
        }
    }
}

bool Parser::starts_word(std::string_view word) const {
    if (text_.substr(at_, word.size()) != word) return false;
    const char next = peek(word.size());
    return at_ + word.size() >= text_.size() || is_meta(next);
}

void Parser::list(Until until) {
    const Level level(*this);
    while (true) {
        skip_blank_lines();
        if (end()) break;
        const char c = peek();
        if (c == ')') {
            ++at_;
            if (until == Until::kParen) return;
            sink_.fail("an unexpected )");
        } else if (c == '(') {
            if (peek(1) == '(' && arithmetic_command()) continue;
            ++at_;
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

/// True when it ended a clause of `case`.
bool Parser::separator(Until until) {
    if (peek() != ';' || (peek(1) != ';' && peek(1) != '&')) {
        ++at_;
        return false;
    }
    at_ += peek(1) == ';' && peek(2) == '&' ? 3 : 2;
    return until == Until::kClause;
}

std::size_t Parser::begin_part() {
    sink_.parts.emplace_back();
    return sink_.parts.size() - 1;
}

void Parser::finish_part(std::size_t index, Part part, std::size_t start) {
    part.written = joined(part.assignments, part.words);
    part.whole = trimmed(text_.substr(start, at_ - start));
    part.nested = substitutions_ > 0;
    const auto note = [&part](const Word& word) {
        if (part.opaque.empty()) part.opaque = word.opaque;
    };
    for (const auto* list : {&part.assignments, &part.words})
        std::for_each(list->begin(), list->end(), note);
    for (const Redirection& redirection : part.redirections)
        note(redirection.target);
    sink_.parts[index] = std::move(part);
}

/// A simple command, or one reserved word.
void Parser::command() {
    // Its place comes before those of the commands that its substitutions hold.
    const std::size_t index = begin_part();
    const std::size_t start = at_;
    Part part;
    while (command_element(part, index)) {
        const bool first =
            part.words.size() == 1 && part.assignments.empty() && part.redirections.empty();
        if (!first || !is_all_plain(part.words[0])) continue;
        // Nothing stands behind the place yet: the only word is plain.
        const std::string head = part.words[0].decoded;
        sink_.parts.pop_back();
        if (head == "[[") return conditional(start);
        if (head == "time" ? keyword_time() : reserved(head)) return;
        begin_part();
    }
    const bool nothing =
        part.words.empty() && part.assignments.empty() && part.redirections.empty();
    if (nothing && sink_.parts.size() == index + 1) return sink_.parts.pop_back();
    finish_part(index, std::move(part), start);
}

/// Adds one word or redirection; false at the end of the command.
bool Parser::command_element(Part& part, std::size_t index) {
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
        // A line continuation alone is no word; bash drops it before it looks for words.
        const bool nothing =
            word.decoded.empty() && word.written.find_first_not_of("\\\n") == std::string::npos;
        if (!nothing) part.words.push_back(std::move(word));
    }
    return true;
}

/// `name ()` defines a function, whose body follows as commands; anything else is no bash.
bool Parser::parenthesis_in_command(Part& part) {
    const std::size_t open = at_;
    ++at_;
    skip_blanks();
    if (peek() == ')' && part.words.size() == 1) {
        ++at_;
        part.words.clear();
        sink_.note("a function definition");
    } else {
        at_ = open;
        sink_.fail("an unexpected (");
    }
    return false;
}

/// Handles the word `text` at the beginning of a command when it is reserved.
bool Parser::reserved(std::string_view text) {
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

/// `time` before a compound command is a reserved word; before a simple one it is treated as a
/// wrapper, so that a rule can name it.
bool Parser::keyword_time() {
    const std::size_t saved = at_;
    skip_blanks();
    while (starts_word("-p") || starts_word("--")) {
        at_ += 2;
        skip_blanks();
    }
    bool keyword = peek() == '(';
    for (const std::string_view next :
         {"{", "!", "if", "while", "until", "for", "select", "case", "[["})
        keyword = keyword || starts_word(next);
    if (!keyword) at_ = saved;
    return keyword;
}

/// A word that belongs to no part: what it runs makes the whole script opaque.
void Parser::header_word(const Word& word) {
    if (!word.opaque.empty()) sink_.note(word.opaque);
}

void Parser::for_header() {
    skip_blanks();
    if (peek() == '(' && peek(1) == '(') {
        const std::size_t close = arithmetic_end(at_);
        if (close == 0) return fail("a for that is not understood");
        Word inside;
        scan_to(close, inside);
        at_ = std::max(at_, close);
        return header_word(inside);
    }
    header_word(word());
    skip_blank_lines();
    if (!starts_word("in")) return;
    at_ += 2;
    for (skip_blanks(); !end() && (!is_meta(peek()) || peek(1) == '('); skip_blanks()) {
        const Word item = word();
        if (item.written.empty()) return fail("a for that is not understood");
        header_word(item);
    }
}

void Parser::case_statement() {
    const Level level(*this);
    skip_blanks();
    header_word(word());
    skip_blank_lines();
    if (!starts_word("in")) return fail("a case that is not understood");
    at_ += 2;
    while (true) {
        skip_blank_lines();
        if (end()) return fail("an unfinished case");
        if (starts_word("esac")) {
            at_ += 4;
            return;
        }
        if (!case_patterns()) return fail("a case that is not understood");
        list(Until::kClause);
        if (std::exchange(esac_, false)) return;
    }
}

bool Parser::case_patterns() {
    if (peek() == '(') ++at_;
    while (true) {
        skip_blanks();
        const Word pattern = word();
        if (pattern.written.empty()) return false;
        header_word(pattern);
        skip_blanks();
        if (end() || (peek() != '|' && peek() != ')')) return false;
        if (text_[at_++] == ')') return true;
    }
}

void Parser::function_header() {
    sink_.note("a function definition");
    skip_blanks();
    header_word(word());
    skip_blanks();
    if (peek() != '(') return;
    ++at_;
    skip_blanks();
    if (peek() == ')') ++at_;
}

/// coproc [NAME] command: a name stands only before a compound command.
void Parser::coprocess() {
    sink_.note("a coprocess");
    const std::size_t saved = at_;
    skip_blanks();
    std::size_t length = 0;
    while (is_name(peek(length)))
        ++length;
    at_ += length;
    skip_blanks();
    bool compound = peek() == '(';
    for (const std::string_view next : {"{", "if", "while", "until", "for", "select", "case", "[["})
        compound = compound || starts_word(next);
    if (!compound || length == 0) at_ = saved;
}

/// [[ … ]]: inside, < > ( ) && || are operators of the expression.
void Parser::conditional(std::size_t start) {
    const std::size_t index = begin_part();
    Part part;
    const auto add = [&part](std::string_view text) {
        Word word;
        word.written = word.decoded = text;
        word.plain = text.size();
        part.words.push_back(std::move(word));
    };
    add("[[");
    while (true) {
        skip_blank_lines();
        if (end()) return finish_part(index, std::move(part), start), fail("an unfinished [[");
        const bool substitutes = (peek() == '<' || peek() == '>') && peek(1) == '(';
        if (is_meta(peek()) && !substitutes) {
            const std::size_t length = peek() == peek(1) ? 2 : 1;  // && and ||
            add(text_.substr(at_, length));
            at_ = std::min(text_.size(), at_ + length);
            continue;
        }
        part.words.push_back(word());
        const Word& last = part.words.back();
        if (last.decoded == "]]" && is_all_plain(last)) break;
    }
    finish_part(index, std::move(part), start);
}

/// ((…)); false when the parentheses are those of a subshell in a subshell.
bool Parser::arithmetic_command() {
    const std::size_t start = at_;
    const std::size_t close = arithmetic_end(at_);
    if (close == 0) return false;
    const std::size_t index = begin_part();
    Part part;
    Word word;
    arithmetic(word, close);
    word.written = word.decoded;
    part.words.push_back(std::move(word));
    finish_part(index, std::move(part), start);
    return true;
}

void Parser::redirection(Part& part, std::size_t index, std::string fd) {
    static constexpr std::array<std::string_view, 12> kOperators = {
        "&>>", "<<<", "<<-", "&>", ">>", ">|", ">&", "<<", "<&", "<>", "<", ">"};
    Redirection redirection;
    redirection.fd = std::move(fd);
    for (const std::string_view op : kOperators) {
        if (text_.substr(at_, op.size()) != op) continue;
        redirection.op = op;
        break;
    }
    at_ += redirection.op.size();
    skip_blanks();
    redirection.target = word();
    const Word& target = redirection.target;
    if (target.written.empty()) return fail("a redirection without a target");
    if (redirection.op == "<<" || redirection.op == "<<-") {
        if (target.expands) return fail("a here-document that is not understood");
        const bool quoted =
            target.plain != target.decoded.size() || target.written != target.decoded;
        pending_.push_back(
            {index, part.redirections.size(), target.decoded, redirection.op == "<<-", quoted});
    }
    part.redirections.push_back(std::move(redirection));
}

/// Called behind a newline: the bodies of the here-documents that its line announced.
void Parser::here_documents() {
    for (const HereDocument& document : std::exchange(pending_, {})) {
        std::string body = here_document_body(document);
        std::string runs;
        if (!document.quoted && body.find_first_of("$`") != std::string::npos) {
            const Level level(*this);
            if (depth_ <= kMaxDepth && sink_.charge(body.size()))
                runs = Parser(body, sink_, depth_, true).expansions();
        }
        // A failed parse may have left the part behind.
        if (document.part >= sink_.parts.size() ||
            document.redirection >= sink_.parts[document.part].redirections.size())
            continue;
        Part& part = sink_.parts[document.part];
        if (part.opaque.empty()) part.opaque = std::move(runs);
        part.redirections[document.redirection].body = std::move(body);
    }
}

std::string Parser::here_document_body(const HereDocument& document) {
    std::string body;
    bool continued = false;
    while (!end()) {
        const std::size_t newline = std::min(text_.find('\n', at_), text_.size());
        std::string_view line = text_.substr(at_, newline - at_);
        at_ = std::min(text_.size(), newline + 1);
        if (document.strip_tabs)
            line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
        if (!continued && line == document.delimiter) return body;
        // bash also takes "EOF)" at the end of a substitution, with a warning.
        const std::size_t length = document.delimiter.size();
        if (!continued && substitutions_ > 0 && line.size() > length && line[length] == ')' &&
            line.substr(0, length) == document.delimiter) {
            at_ = newline - (line.size() - length);
            return body;
        }
        continued = !document.quoted && continues(line);
        body += line;
        body += '\n';
    }
    // bash takes the end of the text for the delimiter; inside a substitution its versions differ.
    if (substitutions_ > 0) sink_.note("an unfinished here-document");
    return body;
}

}  // namespace tenon::permission::shell
