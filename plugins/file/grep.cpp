#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <re2/re2.h>
#include <sys/stat.h>
#include <vector>

#include "plugins/file/glob_pattern.h"
#include "plugins/file/lines.h"
#include "plugins/file/missing.h"
#include "plugins/file/text.h"
#include "plugins/file/tools.h"
#include "plugins/file/walk.h"

namespace tenon::file {
namespace {

constexpr std::size_t kMaxRegex = 32U << 10U;  // larger ones take seconds to compile
constexpr std::size_t kMaxShown = 400;         // characters of a line
constexpr std::size_t kShownBefore = 100;
constexpr std::int64_t kMaxContext = 50;

/// Whether `ask` is true for the text after a backslash of the pattern.
template <class Ask>
bool any_escape(std::string_view pattern, Ask ask) {
    for (std::size_t i = 0; i + 1 < pattern.size(); ++i)
        if (pattern[i] == '\\' && ask(pattern.substr(++i))) return true;
    return false;
}

/// A line break in the pattern could never match: lines are searched one by one.
bool asks_for_line_break(std::string_view pattern) {
    if (pattern.find('\n') != std::string_view::npos) return true;
    return any_escape(pattern, [](std::string_view rest) {
        const bool hex = rest.substr(0, 3) == "x0a" || rest.substr(0, 3) == "x0A" ||
                         rest.substr(0, 4) == "x{a}" || rest.substr(0, 4) == "x{A}";
        return hex || rest[0] == 'n' || rest.substr(0, 3) == "012";
    });
}

/// For a pattern that has matched nothing: which part of it has a meaning in other tools but not
/// here.
std::string regex_hint(const std::string& pattern) {
    const auto is_basic = [](std::string_view rest) {
        return std::string_view("|(){}+?").find(rest[0]) != std::string_view::npos;
    };
    const auto is_return = [](std::string_view rest) { return rest[0] == 'r'; };
    if (any_escape(pattern, is_basic)) {
        return "\\ makes the character behind it literal: alternatives are written a|b, groups "
               "(a), "
               "repetitions a+ and a{2}";
    }
    static const RE2 kFlags(R"(\(\?[a-zA-Z]*[sm][a-zA-Z]*[:)-])");
    if (RE2::PartialMatch(pattern, kFlags) || pattern.find("[\\s\\S]") != std::string::npos ||
        pattern.find("[\\S\\s]") != std::string::npos || pattern.find("[^]") != std::string::npos)
        return "lines are searched one by one: no match goes over a line end, with (?s) neither";
    if (any_escape(pattern, is_return)) return "line ends are no part of a line";
    return {};
}

std::unique_ptr<RE2> compile(const GrepArgs& args) {
    if (args.pattern.size() > kMaxRegex) {
        throw Failure("The pattern has " + std::to_string(args.pattern.size()) +
                          " bytes; at most " + std::to_string(kMaxRegex) +
                          " are possible: look for a part of it.",
                      TENON_BAD_ARGS);
    }
    if (asks_for_line_break(args.pattern)) {
        throw Failure(
            "The pattern asks for a line break, but lines are searched one by one: look for "
            "one of the lines, with context.",
            TENON_BAD_ARGS);
    }
    RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(!args.ignore_case);
    auto pattern = std::make_unique<RE2>(args.pattern, options);
    if (!pattern->ok()) {
        throw Failure("The pattern " + quoted_argument(args.pattern) +
                          " makes no sense: " + quoted_argument(pattern->error()) +
                          ". The syntax is RE2's: no look-around, no back-references; \\ before a "
                          "character that is meant literally.",
                      TENON_BAD_ARGS);
    }
    return pattern;
}

/// The part of a line that is shown.
struct LineExcerpt {
    std::string text;
    bool cut_begin = false, cut_end = false;
    std::size_t chars = 0;  ///< of the line, when it is cut
};

/// The part of a long line around the match that begins at `at`. `cut`: the line has more than
/// this.
LineExcerpt excerpt(std::string_view line, std::size_t at, bool cut) {
    const std::size_t chars = line.size() <= kMaxShown ? 0 : count_chars(line);
    if (chars <= kMaxShown) return {std::string(line), false, false, 0};
    const std::size_t chars_before = count_chars(line.substr(0, at));
    const std::size_t skipped =
        chars_before + kShownBefore > kMaxShown ? chars_before - kShownBefore : 0;
    const std::string_view rest = line.substr(first_chars(line, skipped).size());
    const std::string_view shown = first_chars(rest, kMaxShown);
    return {std::string(shown), skipped > 0, cut || shown.size() < rest.size(), chars};
}

/// Searches file after file and collects the answer.
class Search {
public:
    Search(const Host& host, const GrepArgs& args)
        : host_(host),
          deadline_(std::chrono::steady_clock::now() + args.time),
          pattern_(compile(args)),
          context_(
              static_cast<std::size_t>(std::clamp<std::int64_t>(args.context, 0, kMaxContext))),
          max_results_(static_cast<std::size_t>(std::max<std::int64_t>(args.max_results, 1))) {}

    /// False when the answer is full.
    bool file(const Fd& fd, std::string_view shown) {
        LineReader lines(fd, shown, [this] { return has_time(); });
        if (lines.binary()) {
            ++binary_;
            return true;
        }
        ++searched_;
        shown_ = listed(shown);
        before_.clear();
        number_ = last_written_ = after_ = 0;
        std::string_view line;
        while (lines.next(line)) {
            ++number_;
            if (!take(line, lines.cut())) return false;
        }
        cut_lines_ += lines.cut_lines();
        return !time_over_;
    }

    [[nodiscard]] std::chrono::steady_clock::time_point deadline() const { return deadline_; }
    void unreadable() { ++unreadable_; }
    [[nodiscard]] std::size_t binary() const { return binary_; }
    void time_is_over() { time_over_ = true; }
    [[nodiscard]] bool found_nothing() const { return results_ == 0; }
    [[nodiscard]] std::size_t searched() const { return searched_; }
    /// `hints` are for an answer without matches. `denied`: files that a rule forbids to read.
    std::string answer(const std::vector<std::string>& hints, std::size_t denied = 0) {
        if (results_ == 0) {
            std::string text;
            for (const std::string& hint : hints)
                if (!hint.empty()) text += (text.empty() ? " (" : "; ") + hint;
            out_ = "No matches" + text + (text.empty() ? "\n" : ")\n");
        }
        if (cut_by_chars_) {
            out_ += "[cut at " + std::to_string(kMaxAnswerChars) +
                    " characters: narrow the pattern, path or glob]\n";
        } else if (cut_by_results_) {
            out_ += "[cut at " + counted(max_results_, "result") +
                    ": narrow the pattern, path or glob, or raise max_results]\n";
        }
        if (time_over_) out_ += "[stopped when the time was over: narrow the path or glob]\n";
        if (cut_lines_ > 0) {
            out_ += "[" + counted(cut_lines_, "line") +
                    " longer than 1 MiB: only the beginning was searched]\n";
        }
        if (unreadable_ > 0) out_ += "[" + counted(unreadable_, "file") + " could not be read]\n";
        if (denied > 0) {
            out_ += "[" + counted(denied, "file") +
                    " not searched, because a permission rule forbids it]\n";
        }
        out_.pop_back();
        return std::move(out_);
    }

private:
    bool has_time() {
        host_.check_cancelled();
        time_over_ = std::chrono::steady_clock::now() >= deadline_;
        return !time_over_;
    }

    bool take(std::string_view line, bool cut) {
        re2::StringPiece match;
        const re2::StringPiece text(line.data(), line.size());
        // Finding the place of a match takes time, and only long lines need it.
        const bool is_long = line.size() > kMaxShown;
        if (pattern_->Match(text, 0, text.size(), RE2::UNANCHORED, &match, is_long ? 1 : 0)) {
            if (results_ == max_results_) {
                cut_by_results_ = true;
                return false;
            }
            for (std::size_t i = 0; i < before_.size(); ++i)
                write(number_ - before_.size() + i, '-', before_[i]);
            before_.clear();
            const auto at = is_long ? static_cast<std::size_t>(match.data() - line.data()) : 0;
            write(number_, ':', excerpt(line, at, cut));
            ++results_;
            after_ = context_;
        } else if (after_ > 0) {
            --after_;
            write(number_, '-', excerpt(line, 0, cut));
        } else if (context_ > 0) {
            before_.push_back(excerpt(line, 0, cut));
            if (before_.size() > context_) before_.pop_front();
        }
        cut_by_chars_ = chars_ > kMaxAnswerChars;
        return !cut_by_chars_;
    }

    /// The host removes keys from the whole answer, but it cannot find a key that was cut here.
    [[nodiscard]] std::string shown_text(const LineExcerpt& part) const {
        if (part.chars == 0) return part.text;
        return (part.cut_begin ? "..." : "") +
               host_.without_keys(part.text, part.cut_begin, part.cut_end) +
               (part.cut_end ? "..." : "") + " [line of " + std::to_string(part.chars) +
               " characters]";
    }

    void write(std::size_t number, char mark, const LineExcerpt& part) {
        const bool follows = last_written_ > 0 && number == last_written_ + 1;
        if (context_ > 0 && !follows && !out_.empty()) out_ += "--\n";
        const std::string line =
            shown_ + mark + std::to_string(number) + mark + shown_text(part) + "\n";
        chars_ += count_chars(line);
        out_ += line;
        last_written_ = number;
    }

    const Host& host_;
    const std::chrono::steady_clock::time_point deadline_;
    const std::unique_ptr<RE2> pattern_;
    const std::size_t context_, max_results_;
    std::string out_;
    std::size_t chars_ = 0, results_ = 0, binary_ = 0, unreadable_ = 0, searched_ = 0,
                cut_lines_ = 0;
    bool cut_by_chars_ = false, cut_by_results_ = false, time_over_ = false;

    // The file that is being searched.
    std::string shown_;
    std::deque<LineExcerpt> before_;  ///< lines that may turn out to be context
    std::size_t number_ = 0;
    std::size_t last_written_ = 0;
    std::size_t after_ = 0;  ///< lines of context still to be written
};

/// Which files of a folder are searched. A glob with a slash is matched against paths, any other
/// against names. A glob after `!` leaves out what it matches.
class FileFilter {
public:
    explicit FileFilter(const std::string& text) : excludes_(text.substr(0, 1) == "!") {
        const std::string pattern = text.substr(excludes_ ? 1 : 0);
        if (text.empty()) return;
        std::string why;
        glob_ = Glob::parse(pattern, why);
        if (!glob_ || (glob_->wants_folders() && !excludes_)) {
            throw Failure("The glob " + quoted_argument(text) +
                              " makes no sense: " + (glob_ ? "it names folders" : why) + ".",
                          TENON_BAD_ARGS);
        }
        const std::size_t slash = pattern.find('/');
        by_path_ = slash != std::string::npos && slash + 1 != pattern.size();
    }

    [[nodiscard]] bool wants_file(std::string_view path) const {
        if (!glob_) return true;
        if (excludes_) return glob_->wants_folders() || !matches(path);
        return matches(path);
    }
    [[nodiscard]] bool wants_folder(std::string_view path) const {
        return !glob_ || !excludes_ || !matches(path);
    }
    [[nodiscard]] bool names_folder(std::string_view path) const {
        return glob_ && by_path_ && !excludes_ && glob_->names_folder(path);
    }

private:
    [[nodiscard]] bool matches(std::string_view path) const {
        return glob_->matches(by_path_ ? path : path.substr(path.rfind('/') + 1));
    }

    const bool excludes_;
    bool by_path_ = false;
    std::optional<Glob> glob_;  ///< none: all files
};

/// For an answer without matches.
std::vector<std::string> hints(const Host& host, const GrepArgs& args, const File& start,
                               const Search& search, const LeftOut& left_out) {
    std::vector<std::string> out;
    if (!search.found_nothing()) return out;
    if (search.searched() == 0 && left_out.denied == 0 && !args.glob.empty()) {
        out.push_back("no file was searched: none fits the glob " + quoted_argument(args.glob));
        out.push_back(why_no_match(args.glob.substr(args.glob[0] == '!' ? 1 : 0)));
    } else {
        out.push_back(regex_hint(args.pattern));
    }
    out.push_back(hint_on_links(host, start, left_out));
    return out;
}

bool is_open_folder(const File& opened) {
    struct stat info {};
    if (::fstat(opened.fd.get(), &info) != 0) throw system_failure("stat " + opened.shown, errno);
    return S_ISDIR(info.st_mode);
}

}  // namespace

std::string grep(const Host& host, const GrepArgs& args) {
    Search search(host, args);
    WalkOrder order;
    const FileFilter filter(args.glob);
    order.wanted = [&](std::string_view path) { return filter.wants_file(path); };
    order.descend = [&](std::string_view path) { return filter.wants_folder(path); };
    order.named = [&](std::string_view path) { return filter.names_folder(path); };
    order.deadline = search.deadline();

    const File start = open_or_suggest(host, args.path);
    if (!is_open_folder(start)) {
        search.file(start.fd, start.shown);
        if (search.binary() > 0)
            throw Failure(start.shown + " is a binary file and was not searched.");
        return search.answer({regex_hint(args.pattern)});
    }
    LeftOut left_out;
    const auto look_into = [&](const Found& found) {
        const Fd fd = found.open();
        if (!fd) {
            if (errno == EACCES) search.unreadable();
            return true;
        }
        return search.file(fd, found.shown());
    };
    const WalkEnd end = walk(host, start, order, look_into, left_out);
    if (end == WalkEnd::kTimeOver) search.time_is_over();
    return search.answer(hints(host, args, start, search, left_out), left_out.denied);
}

}  // namespace tenon::file
