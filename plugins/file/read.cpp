#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <limits>
#include <memory>
#include <sys/stat.h>
#include <vector>

#include "plugins/file/image.h"
#include "plugins/file/missing.h"
#include "plugins/file/text.h"
#include "plugins/file/tools.h"

namespace tenon::file {
namespace {

constexpr std::size_t kReadChunk = 64U << 10U;
/// Lines are counted up to here. If the file is longer, the answer only says that there are more.
constexpr std::size_t kMaxScan = 256U << 20U;

void check_kind(const File& file) {
    struct stat info {};
    if (::fstat(file.fd.get(), &info) != 0) throw system_failure("stat " + file.shown, errno);
    if (S_ISDIR(info.st_mode)) {
        throw Failure(file.shown +
                      " is a folder, not a file. List it with glob: pattern \"*\", path \"" +
                      file.shown + "\".");
    }
}

/// The lines that were asked for, and what was found while they were read.
struct LineRange {
    std::string text;
    std::size_t lines = 0;    ///< in `text`
    std::size_t seen = 0;     ///< lines of the file that have begun
    bool line_cut = false;    ///< the first line alone is longer than an answer
    bool is_utf8 = true;      ///< `text` was
    bool scan_ended = false;  ///< gave up counting
};

/// Takes the bytes of a file in pieces and keeps the lines asked for.
class Collector {
public:
    Collector(std::size_t first, std::size_t last) : first_(first), last_(last) {}

    void add(std::string_view bytes) {
        while (!bytes.empty()) {
            const std::size_t end = bytes.find('\n');
            const bool complete = end != std::string_view::npos;
            add_part(bytes.substr(0, complete ? end + 1 : bytes.size()), complete);
            bytes.remove_prefix(complete ? end + 1 : bytes.size());
        }
    }
    LineRange finish() {
        keep_line();
        return std::move(out_);
    }

private:
    void add_part(std::string_view part, bool complete) {
        if (!in_line_) {
            ++out_.seen;
            in_line_ = true;
        }
        if (out_.seen >= first_ && out_.seen <= last_ && !full_) {
            line_.append(part);
            // Four bytes are the most a character has: more bytes than that cannot fit.
            full_ = line_.size() > 4 * kMaxAnswerChars;
        }
        if (!complete) return;
        in_line_ = false;
        keep_line();
    }

    void keep_line() {
        if (line_.empty()) return;
        const std::size_t chars = count_chars(line_);
        full_ = full_ || chars_ + chars > kMaxAnswerChars;
        if (!full_) {
            out_.text += line_;
            chars_ += chars;
            ++out_.lines;
        } else if (out_.lines == 0) {
            out_.text = first_chars(line_, kMaxAnswerChars);
            out_.lines = 1;
            out_.line_cut = true;
        }
        line_.clear();
    }

    const std::size_t first_, last_;
    LineRange out_;
    std::string line_;
    std::size_t chars_ = 0;
    bool in_line_ = false, full_ = false;
};

LineRange collect(const Host& host, const File& file, std::size_t first, std::size_t last) {
    Collector collector(first, last);
    std::string chunk(kReadChunk, '\0');
    std::size_t scanned = 0;
    bool ended = false;
    while (scanned < kMaxScan) {
        host.check_cancelled();
        const std::size_t n = read_some(file.fd.get(), chunk.data(), chunk.size(), file.shown);
        const std::string_view bytes(chunk.data(), n);
        if (scanned == 0 && looks_binary(bytes)) {
            throw Failure(file.shown +
                          " is a binary file; look at it with a command such as `file` or `xxd`.");
        }
        collector.add(bytes);
        scanned += n;
        if (n < chunk.size()) {
            ended = true;
            break;
        }
    }
    LineRange out = collector.finish();
    out.scan_ended = !ended;
    out.is_utf8 = is_utf8(out.text);
    if (out.line_cut) out.text = host.without_keys(out.text, false, true);
    return out;
}

std::string cut_notes(const LineRange& found, std::size_t first, bool by_limit) {
    std::string notes;
    const std::size_t after = first + found.lines - 1;  // the last line shown
    const auto note = [&](const std::string& text) {
        const bool at_line_start =
            notes.empty() ? !found.text.empty() && found.text.back() == '\n' : notes.back() == '\n';
        notes += (at_line_start ? "" : "\n") + text;
    };
    if (found.line_cut) {
        note("[line " + std::to_string(first) + " is longer than " +
             std::to_string(kMaxAnswerChars) + " characters and cut here]");
    }
    if (found.seen > after) {
        note(std::string("... (") + (found.scan_ended ? "more than " : "") +
             std::to_string(found.seen - after) + " more lines)");
        if (!by_limit) note("[read on with offset " + std::to_string(after + 1) + "]");
    }
    if (!found.is_utf8) note("[not valid UTF-8: other bytes are shown as \xEF\xBF\xBD]");
    return notes;
}

}  // namespace

std::string read_file(const Host& host, const ReadArgs& args) {
    if (args.offset < 1) throw Failure("offset counts lines from 1", TENON_BAD_ARGS);
    if (args.limit && *args.limit < 1) throw Failure("limit must be at least 1", TENON_BAD_ARGS);
    const File file = open_or_suggest(host, args.path);
    check_kind(file);
    if (auto image = read_image(host, file)) return *image;

    const auto first = static_cast<std::size_t>(args.offset);
    const std::size_t last = args.limit && static_cast<std::size_t>(*args.limit) <
                                               std::numeric_limits<std::size_t>::max() - first
                                 ? first + static_cast<std::size_t>(*args.limit) - 1
                                 : std::numeric_limits<std::size_t>::max();
    const LineRange found = collect(host, file, first, last);
    if (found.seen == 0 && first == 1) return "(empty file)";
    if (found.lines == 0) {
        throw Failure(file.shown + " has " + (found.scan_ended ? "more than " : "") +
                      counted(found.seen, "line") + "; offset " + std::to_string(first) +
                      " is beyond " + (found.scan_ended ? "what can be searched." : "its end."));
    }
    const bool by_limit = first + found.lines - 1 == last;
    return found.text + cut_notes(found, first, by_limit);
}

}  // namespace tenon::file
