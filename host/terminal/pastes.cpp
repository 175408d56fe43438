#include "host/terminal/pastes.h"

#include <algorithm>
#include <vector>

#include "host/ui/folded_prompt.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kMaxKeptAfterEntry = 8 << 20;
constexpr std::size_t kMaxEchoed = 16 << 10;    // nobody types as much
constexpr std::size_t kMaxSearched = 32 << 20;  // bytes, so that Enter takes no time
constexpr std::size_t kColumnsOfSign = 2;       // "> " before an entered line
constexpr std::string_view kPreviewIndent = "  ";

}  // namespace

std::optional<std::string> Pastes::add(std::string text) {
    if (!ui::is_long_text(text)) return text;
    const std::size_t lines = ui::line_count(text);
    if (bytes_kept() + text.size() > kMaxKept) return std::nullopt;
    std::string placeholder = "[pasted text #" + std::to_string(++count_) + ", " +
                              ui::with_commas(lines) + (lines == 1 ? " line]" : " lines]");
    kept_.push_back({placeholder, std::move(text)});
    return placeholder;
}

/// The paste whose placeholder `line` begins with.
std::deque<LongPaste>::const_iterator Pastes::placeholder_at(std::string_view line) const {
    return std::find_if(kept_.begin(), kept_.end(), [&](const LongPaste& one) {
        return line.substr(0, one.placeholder.size()) == one.placeholder;
    });
}

std::string Pastes::expanded(std::string_view line) const {
    std::string whole;
    while (!line.empty()) {
        const auto kept = placeholder_at(line);
        if (kept != kept_.end()) {
            whole += kept->text;
            line.remove_prefix(kept->placeholder.size());
            continue;
        }
        const std::size_t next = std::min(line.find('[', 1), line.size());
        whole += line.substr(0, next);
        line.remove_prefix(next);
    }
    return whole;
}

std::string Pastes::with_placeholders(std::string_view text) const {
    std::string line(text);
    // The longest texts first, since one paste may hold another. Of equal texts the newest is last.
    std::vector<const LongPaste*> by_size;
    for (auto one = kept_.rbegin(); one != kept_.rend(); ++one)
        by_size.push_back(&*one);
    std::stable_sort(by_size.begin(), by_size.end(), [](const LongPaste* a, const LongPaste* b) {
        return a->text.size() > b->text.size();
    });
    std::size_t searched = 0;
    for (const LongPaste* one : by_size) {
        if ((searched += line.size()) > kMaxSearched) break;
        if (const auto at = line.rfind(one->text); at != std::string::npos)
            line.replace(at, one->text.size(), one->placeholder);
    }
    return line;
}

std::string Pastes::echo_of(std::string_view text, std::size_t columns) const {
    if (!ui::is_long_text(text)) return std::string(text);
    const std::string line = with_placeholders(text);
    const std::size_t room = columns - std::min(columns, kColumnsOfSign);
    if (line.size() > kMaxEchoed) return ui::folded_prompt(text, columns);
    std::string previews;
    for (const auto& [begin, end] : placeholders_in(line))
        previews += ui::first_lines(placeholder_at(std::string_view(line).substr(begin))->text,
                                    kPreviewIndent, room);
    if (!previews.empty()) previews.pop_back();
    return line + (previews.empty() ? "" : "\n" + previews);
}

/// Where each placeholder in `line` begins and ends.
std::vector<std::pair<std::size_t, std::size_t>> Pastes::placeholders_in(
    std::string_view line) const {
    std::vector<std::pair<std::size_t, std::size_t>> places;
    if (kept_.empty()) return places;
    for (std::size_t at = line.find('['); at != std::string_view::npos;
         at = line.find('[', at + 1)) {
        const auto kept = placeholder_at(line.substr(at));
        if (kept != kept_.end()) places.emplace_back(at, at + kept->placeholder.size());
    }
    return places;
}

std::optional<LineAtCursor> Pastes::with_whole_placeholders(const LineAtCursor& old,
                                                            const LineAtCursor& edited) const {
    const std::string line = old.text();
    const auto places = placeholders_in(line);
    const std::size_t size = edited.before.size() + edited.after.size();
    if (places.empty() || size == line.size()) return std::nullopt;
    // Only what happened at the cursor is understood.
    if (size > line.size()) {
        const std::size_t added = size - line.size();
        if (edited.before.size() < added || !line.ends_with(edited.after)) return std::nullopt;
        const std::size_t at = edited.before.size() - added;
        for (const auto& [begin, end] : places) {
            if (begin < at && at < end)
                return LineAtCursor{line.substr(0, end) + edited.before.substr(at),
                                    line.substr(end)};
        }
        return std::nullopt;
    }
    if (!line.starts_with(edited.before) || !line.ends_with(edited.after)) return std::nullopt;
    std::size_t from = edited.before.size(), to = line.size() - edited.after.size();
    const std::pair deleted(from, to);
    for (const auto& [begin, end] : places) {
        if (begin >= deleted.second || end <= deleted.first) continue;
        from = std::min(from, begin);
        to = std::max(to, end);
    }
    if (std::pair(from, to) == deleted) return std::nullopt;
    return LineAtCursor{line.substr(0, from), line.substr(to)};
}

std::vector<LongPaste> Pastes::pastes_in(std::string_view line) const {
    std::vector<LongPaste> pastes;
    for (const auto& [begin, end] : placeholders_in(line))
        pastes.push_back(*placeholder_at(line.substr(begin)));
    return pastes;
}

std::string Pastes::adopt(std::string line, const std::vector<LongPaste>& pastes) {
    std::size_t from = 0;
    for (const LongPaste& paste : pastes) {
        const auto at = line.find(paste.placeholder, from);
        if (at == std::string::npos || paste.placeholder.empty()) continue;
        const auto same = std::find_if(kept_.begin(), kept_.end(), [&](const LongPaste& one) {
            return one.text == paste.text;
        });
        const std::string here =
            same != kept_.end() ? same->placeholder : add(paste.text).value_or(paste.text);
        line.replace(at, paste.placeholder.size(), here);
        from = at + here.size();
    }
    return line;
}

void Pastes::line_entered() {
    while (bytes_kept() > kMaxKeptAfterEntry)
        kept_.pop_front();
}

std::size_t Pastes::bytes_kept() const {
    std::size_t bytes = 0;
    for (const LongPaste& one : kept_)
        bytes += one.text.size();
    return bytes;
}

}  // namespace tenon::terminal
