#include "jobs.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tenon_bash {
namespace {

Job job_from(const tenon::JsonView& object) {
    return {object.text("id"), object.text("status"), object.text("preview"),
            object.boolean("ended"), object.boolean("background")};
}

std::vector<Job> jobs_from(const tenon::JsonView& answer) {
    std::vector<Job> jobs;
    for (const tenon::JsonView object : answer.objects("jobs"))
        jobs.push_back(job_from(object));
    return jobs;
}

/// The length of the line end that `text` begins with; 0: there is none. Everything that some
/// program treats as a line end counts (Unicode 15, section 5.8).
std::size_t line_end(std::string_view text) {
    for (const std::string_view end : {"\r\n", "\n", "\v", "\f", "\r", "\x1c", "\x1d", "\x1e",
                                       "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
        if (text.substr(0, end.size()) == end) return end.size();
    }
    return 0;
}

/// For the lines on how a job ended, which come in addition to its output.
constexpr std::int64_t kEndingCharacters = 1000;

/// In characters of UTF-8.
std::int64_t length(std::string_view text) {
    return std::count_if(text.begin(), text.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

void throw_unless_ok(const tenon::Reply& reply) {
    if (!reply.ok()) throw tenon::Failure("Error: " + reply.text, reply.rc);
}

}  // namespace

tenon::Reply ask(const tenon::Call& call, std::string_view method,
                 const tenon::JsonObject& params) {
    tenon::Reply reply = call.request(method, params.json());
    throw_unless_ok(reply);
    return reply;
}

Waited wait(const tenon::Call& call, const std::vector<std::string>& ids, std::int64_t timeout_ms) {
    tenon::JsonObject params;
    params.integer("timeout_ms", timeout_ms);
    if (!ids.empty()) params.texts("job_ids", ids);
    const tenon::Reply reply = call.request("job.wait/1", params.json());
    if (reply.rc == TENON_CANCELLED) return {{}, true};
    throw_unless_ok(reply);
    return {jobs_from(reply.json()), false};
}

JobText read(const tenon::Call& call, const std::string& id, const ReadOptions& options) {
    tenon::JsonObject params;
    params.text("job_id", id).integer("max_chars", options.max_characters);
    if (options.tail_bytes > 0) params.integer("tail_bytes", options.tail_bytes);
    params.boolean("deliver", options.deliver);
    const tenon::Reply reply = ask(call, "job.read/1", params);
    return {job_from(reply.json()), reply.json().text("text"),
            reply.json().integer("omitted_bytes")};
}

std::vector<Job> list(const tenon::Call& call) {
    const tenon::Reply reply = ask(call, "job.list/1", {});
    return jobs_from(reply.json());
}

Job move_to_background(const tenon::Call& call, const std::string& id) {
    const tenon::Reply reply =
        ask(call, "job.background/1", tenon::JsonObject().text("job_id", id));
    return job_from(reply.json());
}

void cancel(const tenon::Call& call, const std::string& id) {
    (void)ask(call, "job.cancel/1", tenon::JsonObject().text("job_id", id));
}

std::string indented(std::string_view text) {
    std::string out;
    bool at_begin = true;
    while (!text.empty()) {
        if (std::exchange(at_begin, false)) out += "  ";
        const std::size_t end = line_end(text);
        at_begin = end > 0;
        out += text.substr(0, std::max<std::size_t>(end, 1));
        text.remove_prefix(std::max<std::size_t>(end, 1));
    }
    return out;
}

JobText read_to_indent(const tenon::Call& call, const std::string& id, ReadOptions options) {
    JobText job = read(call, id, options);
    const std::int64_t room = options.max_characters;
    const std::int64_t tail_bytes = options.tail_bytes;
    const auto read_part = [&](std::int64_t part, std::int64_t whole) {
        options.max_characters = room * part / whole;
        options.tail_bytes = tail_bytes * part / whole;
        job = read(call, id, options);
    };
    const auto size = [&] { return length(indented(job.text)); };
    if (const std::int64_t found = size(); found > room + kEndingCharacters) read_part(room, found);
    // A line end becomes three characters at most, so a third of the text always fits.
    if (size() > room + kEndingCharacters) read_part(1, 3);
    return job;
}

std::int64_t milliseconds(double seconds) {
    constexpr double kTenYears = 10.0 * 366 * 24 * 3600 * 1000;
    return std::max<std::int64_t>(1, std::llround(std::clamp(seconds * 1000, 0.0, kTenYears)));
}

}  // namespace tenon_bash
