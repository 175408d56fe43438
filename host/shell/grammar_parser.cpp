#include "host/shell/grammar_parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "host/shell/grammar_builtins.h"

namespace tenon::shell::grammar {
namespace {

/// Reserved words of bash, at the beginning of a command.
constexpr std::array<std::string_view, 22> kReserved = {
    "if",   "then", "elif",   "else", "fi",       "case",   "esac", "for", "while", "until", "do",
    "done", "in",   "select", "time", "function", "coproc", "{",    "}",   "!",     "[[",    "]]"};

bool is_reserved(std::string_view word) {
    return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
}

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

std::string written_words_of(const Part& part) {
    std::string out;
    for (const auto* list : {&part.assignments, &part.words})
        for (const Word& word : *list) {
            if (!out.empty()) out += ' ';
            out += word.written;
        }
    return out;
}

/// Names of open descriptors: opening one opens its file again.
bool names_descriptor(std::string_view path) {
    constexpr std::string_view kNumbered = "/dev/fd/";
    return path == "/dev/stdin" || path == "/dev/stdout" || path == "/dev/stderr" ||
           path.substr(0, kNumbered.size()) == kNumbered;
}

/// Whether ~ may mean another directory than the shell's home directory.
bool moves_home(const Part& part) {
    const auto tilde = [](const Redirection& redirection) { return redirection.target.tilde; };
    return std::any_of(part.assignments.begin(), part.assignments.end(),
                       [](const Word& word) { return word.decoded.rfind("HOME=", 0) == 0; }) &&
           (std::any_of(part.words.begin(), part.words.end(),
                        [](const Word& w) { return w.tilde; }) ||
            std::any_of(part.redirections.begin(), part.redirections.end(), tilde));
}

bool is_network(std::string_view path) {
    return path.substr(0, 9) == "/dev/tcp/" || path.substr(0, 9) == "/dev/udp/";
}

bool reads_by_redirection(const Part& part) {
    return std::any_of(part.redirections.begin(), part.redirections.end(),
                       [](const Redirection& r) { return r.op[0] == '<'; });
}

}  // namespace

bool is_meta(char c) {
    return c == '\0' || is_blank(c) ||
           std::string_view("\n;&|<>()").find(c) != std::string_view::npos;
}
bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name(char c) {
    return is_name_start(c) || (c >= '0' && c <= '9');
}
bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Counts one level of nesting for its lifetime.
class GrammarParser::Nesting {
public:
    explicit Nesting(int& depth) : depth_(depth) { ++depth_; }
    ~Nesting() { --depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

private:
    int& depth_;
};

bool GrammarParser::refuse(std::string_view why) {
    why_ = why;
    return false;
}

/// The text up to the next byte that ends a word; not longer than a reserved word can be.
std::string_view GrammarParser::raw_word() const {
    std::size_t length = 0;
    while (length < 16 && !is_meta(peek(length)))
        ++length;
    return text_.substr(std::min(at_, text_.size()), length);
}

bool GrammarParser::at_closer(Closers closers) const {
    const std::string_view word = peek() == ')' ? ")" : raw_word();
    return std::find(closers.begin(), closers.end(), word) != closers.end();
}

void GrammarParser::blanks() {
    while (is_blank(peek()))
        ++at_;
}

/// For bash a comment begins wherever a word could begin. The grammar has only the usual places.
bool GrammarParser::comment() {
    if (!is_blank(before()) && before() != '\n' && before() != ';')
        return refuse("a # in an odd place");
    at_ = std::min(text_.find('\n', at_), text_.size());
    return before() != '\\' || refuse("a continued line");
}

/// Blanks, comments, newlines, and after a newline the here-documents of its line.
bool GrammarParser::blank_lines() {
    while (true) {
        blanks();
        if (peek() == '#') {
            if (!comment()) return false;
        } else if (peek() == '\n') {
            ++at_;
            if (!here_document_bodies()) return false;
        } else {
            return true;
        }
    }
}

bool GrammarParser::script() {
    if (!list({""})) return false;
    if (!pending_.empty()) return refuse("an unfinished here-document");
    if (reopens_descriptor_ && opens_for_reading_)
        return refuse("a descriptor that is opened once more beside an input redirection");
    return true;
}

/// Stops before the closer. A script, which the end of the text closes, may be empty.
bool GrammarParser::list(Closers closers) {
    const bool script = *closers.begin() == std::string_view();
    const Nesting level(depth_);
    if (depth_ > kMaxListDepth) return refuse("nested too deeply");
    for (bool empty = true;; empty = false) {
        if (!blank_lines()) return false;
        if (end() && !script) return refuse("an unfinished group or clause");
        if (at_closer(closers) && (!script || end()))
            return !empty || script || refuse("an empty group or clause");
        if (!and_or_list()) return false;
        blanks();
        if (peek() == '#' && !comment()) return false;
        if (peek() == ';' || peek() == '&') {
            ++at_;
        } else if (!end() && peek() != '\n' && !(peek() == ')' && at_closer(closers))) {
            return refuse("an unexpected character behind a command");
        }
    }
}

bool GrammarParser::and_or_list() {
    bool joined_by_and = true;  // how the last pipeline is joined to the one before it
    Pipeline last;
    if (!pipeline(last)) return false;
    while (true) {
        blanks();
        const bool and_then = starts("&&");
        if (!and_then && !starts("||")) return true;
        at_ += 2;
        if (!blank_lines()) return false;
        const std::size_t index = parts_.size();
        Pipeline next;
        if (!pipeline(next)) return false;
        // The last command ran in this shell, and this one runs only if it succeeded.
        if (next.first_is_simple)
            parts_[index].after_success = and_then && joined_by_and && last.first_is_simple &&
                                          last.commands == 1 && !last.negated;
        joined_by_and = and_then;
        last = next;
    }
}

bool GrammarParser::pipeline(Pipeline& pipeline) {
    if (!pipeline_prefix(pipeline)) return false;
    while (true) {
        const std::size_t first = parts_.size();
        if (!command(pipeline)) return false;
        if (pipeline.commands > 1) mark_given_input(first);
        blanks();
        if (peek() != '|' || peek(1) == '|') return true;
        at_ += peek(1) == '&' ? 2 : 1;
        if (!blank_lines()) return false;
    }
}

/// Any number of ! and time, with a command after them on the same line.
bool GrammarParser::pipeline_prefix(Pipeline& pipeline) {
    while (true) {
        const std::string_view word = raw_word();
        if (word != "!" && word != "time") return true;
        at_ += word.size();
        if (!is_blank(peek())) return refuse("an unexpected character behind ! or time");
        blanks();
        if (is_meta(peek()) && peek() != '(') return refuse("a command is missing");
        // It could be an option of the reserved word.
        if (word == "time" && std::string_view("-\\'\"").find(peek()) != std::string_view::npos)
            return refuse("an option of time");
        if (word == "!") pipeline.negated = true;
    }
}

bool GrammarParser::command(Pipeline& pipeline) {
    ++pipeline.commands;
    const std::string_view word = peek() == '(' ? "(" : raw_word();
    if (word != "(" && !is_reserved(word)) {
        if (pipeline.commands == 1) pipeline.first_is_simple = true;
        return simple_command();
    }
    const std::size_t first = parts_.size();
    if (!compound(word) || !redirections_of_compound()) return false;
    if (parts_.size() > first && reads_by_redirection(parts_.back())) mark_given_input(first);
    return true;
}

/// Marks each command from `first` on.
void GrammarParser::mark_given_input(std::size_t first) {
    for (std::size_t i = first; i < parts_.size(); ++i)
        parts_[i].given_input = true;
}

bool GrammarParser::compound(std::string_view opener) {
    if (opener == "(") {
        ++at_;
        if (peek() == '(') return refuse("arithmetic");
        return list({")"}) && expect(")");
    }
    const bool known = opener == "{" || opener == "if" || opener == "while" || opener == "until";
    if (!known) return refuse("the reserved word " + std::string(opener));
    if (!expect(opener)) return false;
    if (opener == "{") return list({"}"}) && expect("}");
    return opener == "if" ? condition() : loop();
}

bool GrammarParser::condition() {
    if (!list({"then"}) || !expect("then")) return false;
    while (true) {
        if (!list({"elif", "else", "fi"})) return false;
        const std::string_view word = raw_word();
        if (!expect(word)) return false;
        if (word == "fi") return true;
        if (word == "else") return list({"fi"}) && expect("fi");
        if (!list({"then"}) || !expect("then")) return false;
    }
}

bool GrammarParser::loop() {
    const Nesting level(loops_);
    return list({"do"}) && expect("do") && list({"done"}) && expect("done");
}

/// Reads the reserved word or parenthesis at this place. One that opens a list must be followed by
/// a blank or a newline.
bool GrammarParser::expect(std::string_view word) {
    at_ += word.size();
    const bool closes = word == ")" || word == "}" || word == "fi" || word == "done";
    if (!closes && !is_blank(peek()) && peek() != '\n')
        return refuse("an unexpected character behind " + std::string(word));
    return true;
}

bool GrammarParser::redirections_of_compound() {
    Part part;
    std::size_t start = at_;
    std::size_t stop = at_;
    while (true) {
        blanks();
        std::size_t digits = 0;
        while (peek(digits) >= '0' && peek(digits) <= '9' && digits < 3)
            ++digits;
        const char c = peek(digits);
        const bool both = digits == 0 && c == '&' && peek(1) == '>';
        if (c != '<' && c != '>' && !both) break;
        if (part.redirections.empty()) start = at_;
        std::string fd(text_.substr(at_, digits));
        at_ += digits;
        if (!redirection(part, std::move(fd))) return false;
        stop = at_;
    }
    return part.redirections.empty() || finish(std::move(part), start, stop);
}

bool GrammarParser::simple_command() {
    Part part;
    const std::size_t start = at_;
    std::size_t stop = at_;
    while (true) {
        blanks();
        const char c = peek();
        const bool redirects = c == '<' || c == '>' || (c == '&' && peek(1) == '>');
        if (end() || (is_meta(c) && c != '(' && !redirects)) break;
        if (c == '#' && is_blank(before())) break;
        if (c == '(') return refuse("an unexpected (");
        if (!(redirects ? redirection(part, {}) : command_element(part))) return false;
        stop = at_;
    }
    if (part.words.empty() && part.assignments.empty() && part.redirections.empty())
        return refuse("a command is missing");
    if (part.words.empty() && !part.assignments.empty())
        return refuse("an assignment that holds for later commands");
    if (!part.words.empty()) {
        const BuiltinEffect effect = effect_of(part);
        if (!effect.shell_change.empty()) return refuse(effect.shell_change);
        if (moves_home(part)) return refuse("a ~ beside an assignment to HOME");
        if (loops_ > 0 && changes_directory(part))
            return refuse("a loop that changes the directory");
        part.opaque = effect.opaque;
    }
    return finish(std::move(part), start, stop);
}

/// An assignment, a word, or the number before a redirection and the redirection.
bool GrammarParser::command_element(Part& part) {
    std::size_t digits = 0;
    while (peek(digits) >= '0' && peek(digits) <= '9')
        ++digits;
    if (digits > 0 && (peek(digits) == '<' || peek(digits) == '>')) {
        std::string fd(text_.substr(at_, digits));
        at_ += digits;
        return redirection(part, std::move(fd));
    }
    Word next;
    const bool may_assign = part.words.empty();
    const std::string_view raw = raw_word();
    const bool reserved = may_assign && is_reserved(raw);
    const bool brace = peek() == '{';
    if (!word(next, may_assign ? WordPlace::kCommand : WordPlace::kArgument)) return false;
    if (brace && (peek() == '<' || peek() == '>')) return refuse("a variable for a descriptor");
    if (reserved) return refuse("a reserved word that is not the first word");
    return add_word(part, std::move(next));
}

bool GrammarParser::add_word(Part& part, Word word) {
    if (!part.words.empty()) {
        part.words.push_back(std::move(word));
        return true;
    }
    if (is_assignment(word)) {
        if (!part.redirections.empty()) return refuse("an assignment behind a redirection");
        const std::string_view name =
            std::string_view(word.decoded).substr(0, word.decoded.find('='));
        if (is_variable_of_bash(name)) return refuse("an assignment to a variable of bash");
        word.pattern = false;  // the shell expands none here
        part.assignments.push_back(std::move(word));
        return true;
    }
    if (word.pattern) return refuse("a pattern as command");
    if (word.decoded.empty()) return refuse("an empty command name");
    if (word.decoded[0] == '%') return refuse("a job as command");
    if (word.written.find_first_of("{}") != std::string::npos && word.plain == word.decoded.size())
        return refuse("a brace in a command name");
    part.words.push_back(std::move(word));
    return true;
}

bool GrammarParser::finish(Part part, std::size_t start, std::size_t stop) {
    part.written = written_words_of(part);
    part.whole = text_.substr(start, stop - start);
    part.given_input = reads_by_redirection(part);
    parts_.push_back(std::move(part));
    return true;
}

bool GrammarParser::redirection(Part& part, std::string fd) {
    static constexpr std::array<std::string_view, 12> kOperators = {
        "&>>", "<<<", "<<-", "&>", ">>", ">|", ">&", "<<", "<&", "<>", "<", ">"};
    if (fd.size() > 2) return refuse("a large descriptor number");
    Redirection redirection;
    redirection.fd = std::move(fd);
    redirection.op = *std::find_if(kOperators.begin(), kOperators.end(),
                                   [this](std::string_view op) { return starts(op); });
    at_ += redirection.op.size();
    if (peek() == '(') return refuse("a process substitution");
    blanks();
    if (is_meta(peek()) || peek() == '#') return refuse("a redirection without a target");
    if (redirection.op == "<<" || redirection.op == "<<-")
        return here_document(part, std::move(redirection));
    bool taken = false;
    if (redirection.op == "<<<") {
        taken = here_string(redirection);
    } else if (redirection.op == "<&" || redirection.op == ">&") {
        taken = descriptor_target(redirection);
    } else {
        taken = file_target(redirection);
    }
    if (!taken) return false;
    part.redirections.push_back(std::move(redirection));
    return true;
}

bool GrammarParser::file_target(Redirection& redirection) {
    Word& target = redirection.target;
    if (!word(target, WordPlace::kTarget)) return false;
    if (target.pattern) return refuse("a pattern as the target of a redirection");
    if (target.decoded.empty()) return refuse("a redirection without a target");
    if (peek() == '<' || peek() == '>') {
        // bash reads digits as the number of the next redirection.
        if (is_digits(target.written)) return refuse("an odd number before a redirection");
    }
    if (is_network(target.decoded)) return refuse("a network connection by redirection");
    const bool reads = redirection.op == "<" || redirection.op == "<>";
    opens_for_reading_ = opens_for_reading_ || reads;
    reopens_descriptor_ =
        reopens_descriptor_ || (redirection.op != "<" && names_descriptor(target.decoded));
    return true;
}

/// <& and >& with a number, or - to close; >& with a file is &>.
bool GrammarParser::descriptor_target(Redirection& redirection) {
    std::size_t length = 0;
    while (peek(length) >= '0' && peek(length) <= '9')
        ++length;
    if (length == 0 && peek() == '-') length = 1;
    if (length == 0) {
        if (redirection.op == "<&" || !redirection.fd.empty())
            return refuse("a descriptor that is not a number");
        if (!file_target(redirection)) return false;
        // bash expands this word twice: >&\$x means the value of $x.
        const Word& target = redirection.target;
        return (target.written == target.decoded && !target.tilde) ||
               refuse("a target of >& that is not plain");
    }
    const char next = peek(length);
    if (length > 2 || !is_meta(next) || next == '(' || next == '<' || next == '>')
        return refuse("a descriptor that is not a number");
    redirection.target.written = redirection.target.decoded = text_.substr(at_, length);
    redirection.target.plain = length;
    at_ += length;
    return true;
}

bool GrammarParser::here_string(Redirection& redirection) {
    Word& target = redirection.target;
    if (!word(target, WordPlace::kTarget)) return false;
    if (target.pattern || target.tilde) return refuse("a here-string that is not literal");
    return true;
}

bool GrammarParser::here_document(Part& part, Redirection redirection) {
    if (!delimiter(redirection.target)) return false;
    pending_.push_back({parts_.size(), part.redirections.size(), redirection.target.decoded,
                        redirection.op == "<<-"});
    part.redirections.push_back(std::move(redirection));
    return true;
}

/// 'NAME', "NAME" or \NAME.
bool GrammarParser::delimiter(Word& word) {
    const char quote = peek();
    const std::size_t start = at_;
    if (quote != '\'' && quote != '"' && quote != '\\')
        return refuse("a here-document whose delimiter is not quoted");
    ++at_;
    const std::size_t name = at_;
    while (is_name(peek()))
        ++at_;
    word.decoded = text_.substr(name, at_ - name);
    const bool closed = quote == '\\' || peek() == quote;
    if (quote != '\\') at_ = std::min(text_.size(), at_ + 1);
    if (word.decoded.empty() || !closed || !is_meta(peek()) || peek() == '(')
        return refuse("a here-document whose delimiter is not a simple name in quotes");
    word.written = text_.substr(start, at_ - start);
    return true;
}

/// Called after a newline: reads the bodies of the here-documents of its line.
bool GrammarParser::here_document_bodies() {
    for (const HereDocument& document : std::exchange(pending_, {})) {
        std::string& body = parts_[document.part].redirections[document.redirection].body;
        if (!here_document_body(document.delimiter, document.strip_tabs, false, body)) return false;
    }
    return true;
}

bool GrammarParser::here_document_body(std::string_view delimiter, bool strip_tabs,
                                       bool substitution, std::string& body) {
    while (!end()) {
        const std::size_t newline = std::min(text_.find('\n', at_), text_.size());
        std::string_view line = text_.substr(at_, newline - at_);
        at_ = std::min(text_.size(), newline + 1);
        if (strip_tabs) line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
        if (line == delimiter) return true;
        // bash ends it, with a warning, at a delimiter that a ) follows.
        if (substitution && line.substr(0, delimiter.size()) == delimiter)
            return refuse("a line that begins with the delimiter of its here-document");
        body += line;
        body += '\n';
    }
    return refuse("an unfinished here-document");
}

}  // namespace tenon::shell::grammar
