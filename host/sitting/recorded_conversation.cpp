#include "host/sitting/recorded_conversation.h"

#include <algorithm>
#include <iterator>

#include "host/base/counted.h"
#include "host/base/text_width.h"
#include "host/session/open_session.h"
#include "host/ui/status_line.h"

namespace tenon::sitting {
namespace {

using TurnLines = std::vector<std::string>;

// Enough for two large screens, and parsed in a few milliseconds.
constexpr std::int64_t kMostRecordedBytes = 192 << 10;
constexpr std::size_t kMostRecordedTurns = 60;
constexpr std::size_t kRowsOfHead = 2;  // of a turn that is cut
/// Of two screens, some rows are left for the lines that introduce the session and for the prompt.
constexpr std::size_t kRowsForOthers = 4;
constexpr std::size_t kFewestRows = 7;

std::size_t rows_on_screen(const TurnLines& lines, std::size_t width) {
    std::size_t rows = 0;
    for (const std::string& line : lines)
        rows += std::max<std::size_t>((width_of(line) + width - 1) / width, 1);
    return rows;
}

TurnLines pointer_to_history(const std::string& what, const RecordedView& view) {
    TurnLines lines;
    for (const std::string& row : wrap("… " + what + ": /history", view.width))
        lines.push_back(ui::paint(view.style, ui::kDim, row));
    return lines;
}

void append(TurnLines& lines, TurnLines more) {
    std::move(more.begin(), more.end(), std::back_inserter(lines));
}

/// Lines at the end of `lines` that take at most `rows`.
TurnLines last_lines(const TurnLines& lines, std::size_t rows, std::size_t width) {
    auto from = lines.end();
    for (std::size_t used = 0; from != lines.begin(); --from) {
        used += rows_on_screen({*std::prev(from)}, width);
        if (used > rows) break;
    }
    return {from, lines.end()};
}

/// The first lines of the prompt, and the end of the turn.
TurnLines cut_turn(const TurnLines& turn, bool is_whole, std::size_t rows,
                   const RecordedView& view) {
    const std::size_t head = std::min({kRowsOfHead, turn.size(), rows / 3});
    TurnLines lines(turn.begin(), turn.begin() + static_cast<std::ptrdiff_t>(head));
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    const TurnLines end =
        last_lines({turn.begin() + static_cast<std::ptrdiff_t>(lines.size()), turn.end()},
                   rows - std::min(rows, rows_on_screen(lines, view.width) + 1), view.width);
    const std::size_t left_out = turn.size() - lines.size() - end.size();
    append(lines, pointer_to_history(is_whole ? counted(left_out, "line") : "more", view));
    append(lines, end);
    return lines;
}

TurnLines without_blank_beginning(TurnLines lines) {
    if (!lines.empty() && lines.front().empty()) lines.erase(lines.begin());
    return lines;
}

std::vector<TurnLines> lines_of_turns(const journal::LastTurns& last, const RecordedFacts& facts,
                                      const RecordedView& view) {
    RecordedTranscript transcript(view.style, view.width, facts, view.fold_key);
    std::vector<TurnLines> turns;
    for (const journal::RecordedTurn& turn : last.turns) {
        TurnLines lines;
        for (const journal::SessionEntry& entry : turn.entries)
            append(lines, transcript.take(entry));
        append(lines, transcript.end_turn());
        turns.push_back(std::move(lines));
    }
    if (view.folded != nullptr) *view.folded = std::move(transcript.folded());
    return turns;
}

void redact(journal::SessionEntry& entry, const Secrets& secrets) {
    if (secrets.empty()) return;
    entry.text = secrets.redact(std::move(entry.text));
    entry.typed = secrets.redact(std::move(entry.typed));
    if (entry.type != journal::RecordType::kAnswer) return;
    const std::string content = dump_ordered_json(entry.content);
    std::string redacted = secrets.redact(content);
    if (redacted == content) return;
    if (auto parsed = parse_ordered_json(redacted)) entry.content = *std::move(parsed);
}

/// The line about the turns before the one at `first`; empty when there are none.
TurnLines line_about_earlier(const journal::LastTurns& last, std::size_t first,
                             const RecordedView& view) {
    const std::size_t earlier = last.earlier + first;
    if (earlier == 0) return {};
    TurnLines lines = pointer_to_history(counted(earlier, "earlier turn"), view);
    lines.emplace_back();
    return lines;
}

/// The first of the last turns that fit together with the line about those before them.
std::size_t first_that_fits(const std::vector<TurnLines>& turns, const journal::LastTurns& last,
                            const RecordedView& view) {
    std::size_t first = turns.size();
    for (std::size_t used = 0; first > 0 && last.turns[first - 1].is_whole; --first) {
        used += rows_on_screen(turns[first - 1], view.width);
        if (used + line_about_earlier(last, first - 1, view).size() > view.rows) break;
    }
    return first;
}

}  // namespace

std::vector<std::string> last_turns_lines(const journal::LastTurns& last,
                                          const RecordedFacts& facts, const RecordedView& view) {
    std::vector<TurnLines> turns = lines_of_turns(last, facts, view);
    if (turns.empty()) return {};
    std::size_t first = first_that_fits(turns, last, view);
    const bool fits = first < turns.size();
    if (!fits) --first;
    TurnLines lines = line_about_earlier(last, first, view);
    const std::size_t rows = view.rows - std::min(view.rows, lines.size());
    if (!fits)
        turns[first] = cut_turn(without_blank_beginning(std::move(turns[first])),
                                last.turns[first].is_whole, rows, view);
    for (std::size_t i = first; i < turns.size(); ++i)
        append(lines,
               i == first ? without_blank_beginning(std::move(turns[i])) : std::move(turns[i]));
    return lines;
}

RecordedConversation::RecordedConversation(const session::OpenSession& session,
                                           const Secrets& secrets)
    : journal_(session.session().folder().string() + ".jsonl"), secrets_(&secrets) {
    for (const agent::ToolSpec* tool : session.registry().specs())
        facts_.tools[tool->name] = tool->facts;
    if (!session.session().resumed()) return;
    auto last = journal::read_last_turns(journal_, {kMostRecordedTurns, kMostRecordedBytes});
    if (!last) return;
    last_ = *std::move(last);
    for (journal::RecordedTurn& turn : last_.turns)
        for (journal::SessionEntry& entry : turn.entries)
            redact(entry, secrets);
    facts_.jobs = session.background_jobs();
}

std::vector<std::string> RecordedConversation::last_turns(ui::Transcript& transcript,
                                                          ui::Style style, std::size_t width,
                                                          std::size_t height) const {
    const std::size_t rows = std::max(2 * height, kFewestRows + kRowsForOthers) - kRowsForOthers;
    return last_turns_lines(last_, facts_,
                            {style, width, rows, transcript.fold_key(), &transcript.folded()});
}

void RecordedConversation::learn(const agent::ToolStarted& call) {
    facts_.tools[call.call.name] = call.facts;
}

Result<void> RecordedConversation::all(ui::Style style, std::size_t width,
                                       std::vector<jobs::JobRecord> jobs, bool turn_runs,
                                       const std::function<void(const Lines&)>& take) {
    facts_.jobs = std::move(jobs);
    RecordedTranscript transcript(style, width, facts_);
    transcript.show_all();
    auto read = journal::read_entries(journal_, [&](journal::SessionEntry entry) {
        redact(entry, *secrets_);
        take(transcript.take(entry));
    });
    if (read && !turn_runs) take(transcript.end_turn());
    facts_.jobs.clear();
    return read;
}

}  // namespace tenon::sitting
