#include "host/journal/last_turns.h"

#include <algorithm>
#include <iterator>

#include "host/journal/reader.h"

namespace tenon::journal {
namespace {

/// Where the turns since the last clear begin.
class TurnPlaces {
public:
    void take(const Place& place) {
        switch (place.type) {
            case RecordType::kText:
                if (place.record) take_text(place, *place.record);
                return;
            case RecordType::kAnswer:
                if (!starts_.empty()) answers_.push_back(place.offset);
                after_answer_ = true;
                return;
            case RecordType::kResult:
                after_answer_ = false;
                return;
            case RecordType::kClear:
                *this = {};
                return;
            default:
                return;
        }
    }
    [[nodiscard]] const std::vector<std::int64_t>& starts() const { return starts_; }
    /// The first answer of the last turn that begins at `from` or after it; the last answer, if
    /// that begins before; -1: there is none.
    [[nodiscard]] std::int64_t answer_after(std::int64_t from) const {
        const auto at = std::lower_bound(answers_.begin(), answers_.end(), from);
        if (at != answers_.end()) return *at;
        return answers_.empty() ? -1 : answers_.back();
    }

private:
    /// After an answer without results, so without calls, the ends of jobs begin a turn.
    void take_text(const Place& place, const Record& record) {
        const std::string origin = record.string("origin");
        const bool is_prompt = origin == "prompt" && !record.boolean("in_turn", false);
        if (is_prompt || (origin == "notification" && after_answer_)) {
            starts_.push_back(place.offset);
            answers_.clear();
        }
        after_answer_ = false;
    }

    std::vector<std::int64_t> starts_;
    std::vector<std::int64_t> answers_;  // of the last turn
    bool after_answer_ = false;
};

struct LookedThrough {
    TurnPlaces places;
    std::int64_t last = 0;  // where the last record begins
};

Result<LookedThrough> look_through(const std::filesystem::path& journal) {
    auto reader = Reader::open(journal, {RecordType::kText});
    if (!reader) return reader.error();
    LookedThrough found;
    while (true) {
        const auto place = reader->next();
        if (!place) return place.error();
        if (!*place) return found;
        if ((*place)->condition == Place::Condition::kRepeated) continue;
        found.places.take(**place);
        found.last = (*place)->offset;
    }
}

/// The entries of the records from the one at `from` on, at most `most` of them.
Result<std::vector<RecordedTurn>> read_turns(const std::filesystem::path& journal,
                                             std::int64_t from,
                                             const std::vector<std::int64_t>& starts,
                                             std::size_t most = SIZE_MAX) {
    auto reader = Reader::open(journal, kEntryTypes, from);
    if (!reader) return reader.error();
    std::vector<RecordedTurn> turns;
    while (most-- > 0) {
        const auto place = reader->next();
        if (!place) return place.error();
        if (!*place) break;
        const Place& found = **place;
        if (!found.record || found.condition == Place::Condition::kRepeated) continue;
        auto entry = entry_from(*found.record);
        if (!entry) continue;
        if (turns.empty() || std::binary_search(starts.begin(), starts.end(), found.offset))
            turns.emplace_back();
        turns.back().entries.push_back(*std::move(entry));
    }
    return turns;
}

/// The last turn, which is too long: its beginning, and its end from an answer on.
Result<std::vector<RecordedTurn>> read_cut_turn(const std::filesystem::path& journal,
                                                std::int64_t start, std::int64_t answer) {
    auto turn = read_turns(journal, start, {}, 1);
    if (!turn) return turn.error();
    auto rest = read_turns(journal, answer, {});
    if (!rest) return rest.error();
    for (RecordedTurn& part : *rest) {
        turn->back().is_whole = false;
        std::move(part.entries.begin(), part.entries.end(),
                  std::back_inserter(turn->back().entries));
    }
    return turn;
}

}  // namespace

Result<LastTurns> read_last_turns(const std::filesystem::path& journal,
                                  const LastTurnsLimits& most) {
    const auto found = look_through(journal);
    if (!found) return found.error();
    const std::vector<std::int64_t>& starts = found->places.starts();
    LastTurns last;
    if (starts.empty() || most.turns == 0) return last;
    const auto within = std::lower_bound(starts.begin(), starts.end(), found->last - most.bytes);
    const std::size_t first =
        std::max<std::size_t>(static_cast<std::size_t>(within - starts.begin()),
                              starts.size() - std::min(most.turns, starts.size()));
    const std::int64_t answer = found->places.answer_after(found->last - most.bytes);
    last.earlier = std::min(first, starts.size() - 1);
    auto turns = first < starts.size() || answer < 0
                     ? read_turns(journal, starts[last.earlier], starts)
                     : read_cut_turn(journal, starts.back(), answer);
    if (!turns) return turns.error();
    last.turns = *std::move(turns);
    return last;
}

}  // namespace tenon::journal
