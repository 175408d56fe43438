#include <algorithm>
#include <deque>
#include <memory>
#include <re2/re2.h>
#include <sys/stat.h>

#include "plugins/file/glob_pattern.h"
#include "plugins/file/lines.h"
#include "plugins/file/missing.h"
#include "plugins/file/text.h"
#include "plugins/file/tools.h"
#include "plugins/file/walk.h"

namespace tenon::file {
namespace {

constexpr std::size_t kMaxShown = 400;  // characters of a line
constexpr std::size_t kShownBefore = 100;
constexpr std::int64_t kMaxContext = 50;

/// A line break in the pattern could never match: lines are searched one by one.
bool asks_for_line_break(std::string_view pattern) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '\n') return true;
        if (pattern[i] == '\\' && ++i < pattern.size() && pattern[i] == 'n') return true;
    }
    return false;
}

std::unique_ptr<RE2> compile(const GrepArgs& args) {
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
        throw Failure("The pattern " + args.pattern + " makes no sense: " + pattern->error() +
                          ". The syntax is RE2's: no look-around, no back-references; \\ before a "
                          "character that is meant literally.",
                      TENON_BAD_ARGS);
    }
    return pattern;
}

/// What is shown of a line.
struct Excerpt {
    std::string text;
    bool cut_begin = false, cut_end = false;
    std::size_t chars = 0;  ///< of the line, when it is cut
};

/// The part of a long line around the match that begins at `at`. `cut`: the line has more than
/// this.
Excerpt excerpt(std::string_view line, std::size_t at, bool cut) {
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
        shown_ = shown;
        before_.clear();
        number_ = last_written_ = after_ = 0;
        std::string_view line;
        while (lines.next(line)) {
            ++number_;
            if (!take(line, lines.cut())) return false;
        }
        return !time_over_;
    }

    [[nodiscard]] std::chrono::steady_clock::time_point deadline() const { return deadline_; }
    void unreadable() { ++unreadable_; }
    [[nodiscard]] std::size_t binary() const { return binary_; }
    void time_is_over() { time_over_ = true; }
    std::string answer() {
        if (results_ == 0) out_ = "No matches\n";
        if (cut_by_chars_) {
            out_ += "[cut at " + std::to_string(kMaxAnswerChars) +
                    " characters: narrow the pattern, path or glob]\n";
        } else if (cut_by_results_) {
            out_ += "[cut at " + counted(max_results_, "result") +
                    ": narrow the pattern, path or glob, or raise max_results]\n";
        }
        if (time_over_) out_ += "[stopped when the time was over: narrow the path or glob]\n";
        if (unreadable_ > 0) out_ += "[" + counted(unreadable_, "file") + " could not be read]\n";
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
        // Where it matches is dear to know and matters for long lines alone.
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

    /// Keys are taken out of a whole answer by the host; of what is cut here by us.
    [[nodiscard]] std::string shown_text(const Excerpt& part) const {
        if (part.chars == 0) return part.text;
        return (part.cut_begin ? "..." : "") +
               host_.without_keys(part.text, part.cut_begin, part.cut_end) +
               (part.cut_end ? "..." : "") + " [line of " + std::to_string(part.chars) +
               " characters]";
    }

    void write(std::size_t number, char mark, const Excerpt& part) {
        const bool follows = last_written_ > 0 && number == last_written_ + 1;
        if (context_ > 0 && !follows && !out_.empty()) out_ += "--\n";
        const std::string line = shown_ + mark + std::to_string(number) + mark + shown_text(part) + "\n";
        chars_ += count_chars(line);
        out_ += line;
        last_written_ = number;
    }

    const Host& host_;
    const std::chrono::steady_clock::time_point deadline_;
    const std::unique_ptr<RE2> pattern_;
    const std::size_t context_, max_results_;
    std::string out_;
    std::size_t chars_ = 0, results_ = 0, binary_ = 0, unreadable_ = 0;
    bool cut_by_chars_ = false, cut_by_results_ = false, time_over_ = false;

    // The file under way.
    std::string shown_;
    std::deque<Excerpt> before_;  ///< lines that may turn out to be context
    std::size_t number_ = 0;
    std::size_t last_written_ = 0;
    std::size_t after_ = 0;  ///< lines of context still to be written
};

/// Which files of a folder are searched: by path where the glob has a slash, else by name.
std::function<bool(std::string_view)> file_filter(const std::string& text) {
    if (text.empty()) return [](std::string_view) { return true; };
    std::string why;
    const std::optional<Glob> glob = Glob::parse(text, why);
    if (!glob || glob->wants_folders()) {
        throw Failure(
            "The glob " + text + " makes no sense: " + (glob ? "it names folders" : why) + ".",
            TENON_BAD_ARGS);
    }
    const bool by_path = text.find('/') != std::string::npos;
    return [glob = *glob, by_path](std::string_view path) {
        return glob.matches(by_path ? path : path.substr(path.rfind('/') + 1));
    };
}

bool is_folder(const Opened& opened) {
    struct stat info {};
    if (::fstat(opened.fd.get(), &info) != 0) throw system_failure("stat " + opened.shown, errno);
    return S_ISDIR(info.st_mode);
}

}  // namespace

std::string grep(const Host& host, const GrepArgs& args) {
    Search search(host, args);
    WalkOrder order;
    order.wanted = file_filter(args.glob);
    order.descend = [](std::string_view) { return true; };
    order.deadline = search.deadline();

    const Opened start = open_or_suggest(host, args.path);
    if (!is_folder(start)) {
        search.file(start.fd, start.shown);
        if (search.binary() > 0)
            throw Failure(start.shown + " is a binary file and was not searched.");
        return search.answer();
    }
    const WalkEnd end = walk(host, start, order, [&](const Found& found) {
        const Fd fd = found.open();
        if (!fd) {
            if (errno == EACCES) search.unreadable();
            return true;
        }
        return search.file(fd, found.shown());
    });
    if (end == WalkEnd::kTimeOver) search.time_is_over();
    return search.answer();
}

}  // namespace tenon::file
