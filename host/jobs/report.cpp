#include "host/jobs/report.h"

#include <algorithm>
#include <array>

#include "host/base/utf8.h"
#include "host/jobs/kept_output.h"
#include "host/jobs/store.h"
#include "host/sandbox/explain.h"

namespace tenon::jobs {
namespace {

constexpr std::size_t kPreviewCharacters = 80;
constexpr std::size_t kBytesPerCharacter = 4;
// The length of a larger middle is given in bytes: counting characters would take too long.
constexpr std::uint64_t kMostBytesCounted = 256ULL << 20U;

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Without the parts of characters that were cut at the end, or at the beginning.
std::string_view without_broken_end(std::string_view bytes) {
    return bytes.substr(0, bytes.size() - utf8::incomplete_suffix(bytes));
}
std::string_view without_broken_begin(std::string_view bytes) {
    std::size_t skip = 0;
    while (skip < 3 && skip < bytes.size() && is_continuation(bytes[skip]))
        ++skip;
    return bytes.substr(skip);
}

/// The number of characters in a range of the output. Reads it piece by piece.
std::uint64_t count_characters(const KeptOutput& output, std::uint64_t begin, std::uint64_t end) {
    constexpr std::uint64_t kChunk = 65536;
    std::uint64_t characters = 0;
    for (std::uint64_t at = begin; at < end; at += kChunk)
        characters += utf8::length(output.read(at, std::min(end, at + kChunk)));
    return characters;
}

/// For an output that is on the disk as a whole, but may be too long to show.
std::string shortened(const KeptOutput& output, std::size_t max_characters,
                      const Secrets& secrets) {
    const std::uint64_t size = output.size();
    const std::uint64_t enough =
        std::uint64_t{max_characters} * kBytesPerCharacter + secrets.longest();
    if (size <= enough * 2) {
        const std::string text = secrets.redact(utf8::repair(output.read(0, size)));
        const std::size_t part = max_characters / 2;
        return utf8::shorten(text, max_characters, part, part,
                             [](std::size_t left_out) { return omitted(left_out, "characters"); });
    }
    const std::string head_text =
        secrets.redact_part(utf8::repair(output.read(0, enough)), {false, true});
    const std::string tail_text = secrets.redact_part(
        utf8::repair(without_broken_begin(output.read(size - enough, size))), {true, false});
    const std::string_view head = utf8::first(head_text, max_characters / 2);
    const std::string_view tail = utf8::last(tail_text, max_characters / 2);
    // Positions in bytes are exact where the bytes are valid UTF-8.
    const std::uint64_t from = head.size();
    const std::uint64_t to = size - std::min<std::uint64_t>(tail.size(), size - from);
    const bool countable = to - from <= kMostBytesCounted;
    return std::string(head)
        .append(countable ? omitted(count_characters(output, from, to), "characters")
                          : omitted(to - from, "bytes"))
        .append(tail);
}

/// For an output of which `lost` bytes in the middle were not kept.
std::string without_middle(const KeptOutput& output, std::uint64_t lost, std::size_t max_characters,
                           const Secrets& secrets) {
    const std::uint64_t enough =
        std::uint64_t{max_characters} * kBytesPerCharacter / 2 + secrets.longest();
    const std::uint64_t head_end = std::min(output.head(), enough);
    const std::uint64_t tail_size = std::min(output.size() - output.head(), enough);
    const std::uint64_t tail_begin = output.size() - tail_size;
    const std::string head_bytes = output.read(0, head_end);
    const std::string tail_bytes = output.read(tail_begin, output.size());
    const std::string head =
        secrets.redact_part(utf8::repair(without_broken_end(head_bytes)), {false, true});
    const std::string tail =
        secrets.redact_part(utf8::repair(without_broken_begin(tail_bytes)), {true, false});
    const std::string_view shown_head = utf8::first(head, max_characters / 2);
    const std::string_view shown_tail = utf8::last(tail, max_characters / 2);
    const std::uint64_t shown = shown_head.size() + shown_tail.size();
    const std::uint64_t kept = output.size();
    return std::string(shown_head)
        .append(omitted(lost + (kept > shown ? kept - shown : 0), "bytes"))
        .append(shown_tail);
}

/// `goes_on`: a secret at the end may not be whole yet.
std::string last_bytes(const KeptOutput& output, std::size_t max_bytes, const Secrets& secrets,
                       bool goes_on) {
    const auto wanted = std::uint64_t{max_bytes} + secrets.longest();
    const std::uint64_t begin = output.size() - std::min<std::uint64_t>(output.size(), wanted);
    const std::uint64_t seam = std::clamp(output.head(), begin, output.size());
    const auto part = [&](std::uint64_t from, std::uint64_t to) {
        return secrets.redact_part(utf8::repair(output.read(from, to)),
                                   {from > 0, to < output.size() || goes_on});
    };
    // If bytes may be missing at the seam, a secret cannot extend across it.
    const bool seamless =
        seam == begin || seam == output.size() || output.omitted() == std::uint64_t{0};
    const std::string text =
        seamless ? part(begin, output.size()) : part(begin, seam) + part(seam, output.size());
    if (text.size() <= max_bytes) return text;
    return std::string(
        without_broken_begin(std::string_view(text).substr(text.size() - max_bytes)));
}

void add_line(std::string& text, const std::string& line) {
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += "[" + utf8::repair(line) + "]";
}

std::string in_seconds(std::int64_t ms) {
    std::string text = std::to_string(ms / 1000);
    if (ms % 1000 != 0) text += "." + std::to_string(ms % 1000 + 1000).substr(1, 1);
    return text + " s";
}

std::string process_count(int count) {
    return std::to_string(count) + (count == 1 ? " process" : " processes");
}

bool is_blank_output(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

std::string read_output(const std::filesystem::path& job_folder, const JobRecord& job,
                        std::size_t max_characters, const Secrets& secrets) {
    const KeptOutput output(job_folder);
    const std::uint64_t lost =
        is_terminal(job.status) ? job.end.omitted_bytes : output.omitted().value_or(0);
    return lost > 0 ? without_middle(output, lost, max_characters, secrets)
                    : shortened(output, max_characters, secrets);
}

std::string read_output_tail(const std::filesystem::path& job_folder, std::size_t max_bytes,
                             const Secrets& secrets) {
    return last_bytes(KeptOutput(job_folder), max_bytes, secrets, false);
}

OutputEnd read_output_end(const std::filesystem::path& job_folder, const JobRecord& job,
                          std::size_t max_bytes, const Secrets& secrets) {
    const KeptOutput output(job_folder);
    const bool runs = !is_terminal(job.status);
    const std::uint64_t lost = runs ? output.omitted().value_or(0) : job.end.omitted_bytes;
    return {last_bytes(output, max_bytes, secrets, runs), lost == 0 && output.size() <= max_bytes};
}

std::string report(const std::filesystem::path& job_folder, const JobRecord& job,
                   std::size_t max_characters, const Secrets& secrets) {
    JobRecord shown = job;
    shown.end.reason = secrets.redact(shown.end.reason);
    return with_ending(read_output(job_folder, shown, max_characters, secrets), shown);
}

std::string with_ending(std::string output, const JobRecord& job) {
    const JobEnd& end = job.end;
    std::vector<std::string> stopped;
    if (is_terminal(job.status) && end.started_ms != 0) {
        stopped = sandbox::explain(job.spec.containment,
                                   {output, job.spec.cwd, job.status != Status::kCompleted});
    }
    // A job that could not begin has the reason as its output, unless that could not be written.
    const bool could_not_begin =
        job.status == Status::kError && end.exit_code == 127 && end.omitted_bytes == 0;
    bool says_why = !end.reason.empty() && output.find(end.reason) != std::string::npos;
    if (is_blank_output(output) && could_not_begin && !end.reason.empty()) {
        output = "tenon: " + utf8::repair(end.reason) + "\n";
        says_why = true;
    }
    std::string text = is_blank_output(output) ? "(no output)" : std::move(output);
    switch (job.status) {
        case Status::kQueued:
        case Status::kRunning:
            return text;
        case Status::kTimeout:
            add_line(text, "timed out after " + in_seconds(end.duration_ms));
            break;
        case Status::kCancelled:
            add_line(text, "cancelled by " + end.ended_by +
                               (end.reason.empty() ? "" : ": " + end.reason));
            break;
        case Status::kLost:
            add_line(text, "lost: " + end.reason);
            break;
        case Status::kCompleted:
        case Status::kError:
            if (end.limit) {
                add_line(text, "ended: " + end.reason);
                break;
            }
            if (end.signal) add_line(text, "signal: " + signal_name(*end.signal));
            if (end.exit_code.value_or(0) != 0) {
                add_line(text, "exit code: " + std::to_string(*end.exit_code));
            }
            break;
    }
    const bool ending_says_why =
        job.status == Status::kLost || job.status == Status::kCancelled || end.limit;
    if (!end.reason.empty() && !says_why && !ending_says_why) add_line(text, end.reason);
    if (end.left_behind > 0 && job.status == Status::kLost) {
        add_line(text, process_count(end.left_behind) + " that it left running " +
                           (end.left_behind == 1 ? "was" : "were") + " ended");
    } else if (end.left_behind > 0 && job.spec.lifetime == Lifetime::kSession) {
        add_line(text, std::to_string(end.left_behind) +
                           " background processes ended; use background_run");
    }
    if (end.survivors > 0) {
        add_line(text, process_count(end.survivors) + " could not be ended");
    }
    for (const std::string& sentence : stopped)
        add_line(text, "sandbox: " + sentence);
    return text;
}

JobRecord redacted(JobRecord job, const Secrets& secrets) {
    for (std::string* text : {&job.spec.command, &job.spec.name, &job.spec.cwd, &job.spec.workspace,
                              &job.end.ended_by, &job.end.reason}) {
        *text = secrets.redact(std::move(*text));
    }
    return job;
}

std::string preview(std::string_view command) {
    std::string line = utf8::repair(command.substr(0, kPreviewCharacters * kBytesPerCharacter));
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
    }
    // The other line ends of Unicode: NEL, LINE SEPARATOR, PARAGRAPH SEPARATOR.
    for (const std::string_view end : {"\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
        for (auto at = line.find(end); at != std::string::npos; at = line.find(end, at))
            line.replace(at, end.size(), " ");
    }
    return std::string(utf8::first(line, kPreviewCharacters));
}

}  // namespace tenon::jobs
