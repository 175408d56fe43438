#include <algorithm>
#include <optional>
#include <set>

#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/config/config_formats.h"

namespace tenon::config {
namespace {

std::string_view without_blanks(std::string_view text) {
    return utf8::trimmed(text, " \t\f\v");
}

/// Whether the next line continues this one: it ends in an odd number of backslashes.
bool goes_on(std::string_view line) {
    const auto last = line.find_last_not_of('\\');
    const auto count = line.size() - (last == std::string_view::npos ? 0 : last + 1);
    return count % 2 == 1;
}

/// The value as earlier versions read it: a backslash began an escape (as in Poco).
std::string read_with_escapes(std::string_view value) {
    std::string out;
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (value[at] != '\\' || at + 1 == value.size()) {
            out += value[at];
            continue;
        }
        constexpr std::string_view kLetters = "trnf";
        constexpr std::string_view kMeant = "\t\r\n\f";
        const char c = value[++at];
        const auto letter = kLetters.find(c);
        out += letter == std::string_view::npos ? c : kMeant[letter];
    }
    return std::string(utf8::trimmed(out, " \t\f\v\r\n"));
}

/// The inverse of escaped_value; none for an escape that it does not write.
std::optional<std::string> unescaped(std::string_view value) {
    std::string out;
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (value[at] != '\\') {
            out += value[at];
            continue;
        }
        constexpr std::string_view kLetters = "\\nr";
        constexpr std::string_view kMeant = "\\\n\r";
        const auto letter =
            at + 1 == value.size() ? std::string_view::npos : kLetters.find(value[at + 1]);
        if (letter == std::string_view::npos) return std::nullopt;
        out += kMeant[letter];
        ++at;
    }
    return out;
}

class Parser {
public:
    Parser(std::string file, std::string_view text)
        : file_(std::move(file)),
          rest_(text),
          escaped_(text.substr(0, text.find_first_of("\r\n")) == kEscapedValues) {}

    ConfigFile parse() && {
        while (!rest_.empty())
            take(next_line());
        if (!marked_) out_.warnings = std::move(changed_).take(file_);
        out_.problems = std::move(problems_).take(file_);
        return std::move(out_);
    }

private:
    /// A line without its end: LF, CR LF or CR.
    std::string_view next_physical_line() {
        const auto end = std::min(rest_.find_first_of("\r\n"), rest_.size());
        const std::string_view line = rest_.substr(0, end);
        rest_.remove_prefix(end);
        rest_.remove_prefix(rest_.starts_with("\r\n") ? 2 : std::min<std::size_t>(rest_.size(), 1));
        ++lines_;
        return line;
    }

    /// The line with those that continue it, without the backslashes and line ends between them.
    /// A comment is never continued.
    std::string next_line() {
        std::string line(next_physical_line());
        const std::string_view text = without_blanks(line);
        if (text.empty() || text.front() == '#' || text.front() == '!') return line;
        while (goes_on(line) && !rest_.empty()) {
            line.pop_back();
            line += next_physical_line();
        }
        return line;
    }

    void take(std::string_view line) {
        line = without_blanks(line);
        if (line == kRawValues) marked_ = true;
        if (line.empty() || line.front() == '#' || line.front() == '!') return;
        const auto separator = std::min(line.find_first_of("=:"), line.size());
        const std::string key(without_blanks(line.substr(0, separator)));
        const std::string_view value =
            without_blanks(line.substr(std::min(separator + 1, line.size())));
        const std::string origin = file_ + ":" + std::to_string(lines_);
        if (!seen_.insert(key).second) {
            problems_.add(origin + ": " + in_quotes(key) +
                          " is given twice; lists are written as KEY.1, KEY.2, …");
            return;
        }
        if (escaped_) {
            auto meant = unescaped(value);
            if (!meant) {
                problems_.add(origin + ": " + visible(key) +
                              ": the value has an escape that is none of \\\\ \\n \\r");
                return;
            }
            out_.entries.push_back({key, *std::move(meant), origin});
            return;
        }
        if (read_with_escapes(value) != value) {
            changed_.add(origin + ": " + visible(key) +
                         ": a backslash stands for itself now; it was an escape before. Check the "
                         "value, then add the line '" +
                         std::string(kRawValues) + "' to the file");
        }
        out_.entries.push_back({key, std::string(value), origin});
    }

    std::string file_;
    std::string_view rest_;
    int lines_ = 0;
    bool escaped_ = false;
    bool marked_ = false;
    std::set<std::string> seen_;
    ProblemList problems_, changed_;
    ConfigFile out_;
};

}  // namespace

std::string escaped_value(std::string_view value) {
    std::string out;
    for (const char c : value) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else {
            out += c;
        }
    }
    return out;
}

Result<ConfigFile> parse_properties(const std::string& file, std::string_view text) {
    return Parser(file, text).parse();
}

}  // namespace tenon::config
