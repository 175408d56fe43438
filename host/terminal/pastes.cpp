#include "host/terminal/pastes.h"

#include <algorithm>
#include <vector>

#include "host/ui/folded_prompt.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kMaxKeptAfterEntry = 8 << 20;
constexpr std::size_t kMaxEchoed = 16 << 10;  // nobody types as much
constexpr std::size_t kColumnsOfSign = 2;     // "> " before an entered line
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
std::deque<Pastes::KeptPaste>::const_iterator Pastes::placeholder_at(std::string_view line) const {
    return std::find_if(kept_.begin(), kept_.end(), [&](const KeptPaste& one) {
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
    std::vector<const KeptPaste*> by_size;
    for (auto one = kept_.rbegin(); one != kept_.rend(); ++one)
        by_size.push_back(&*one);
    std::stable_sort(by_size.begin(), by_size.end(), [](const KeptPaste* a, const KeptPaste* b) {
        return a->text.size() > b->text.size();
    });
    for (const KeptPaste* one : by_size) {
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
    for (std::size_t at = line.find('['); at != std::string::npos; at = line.find('[', at + 1)) {
        const auto kept = placeholder_at(std::string_view(line).substr(at));
        if (kept != kept_.end()) previews += ui::first_lines(kept->text, kPreviewIndent, room);
    }
    if (!previews.empty()) previews.pop_back();
    return line + (previews.empty() ? "" : "\n" + previews);
}

std::size_t Pastes::placeholder_at_end(std::string_view text) const {
    for (const KeptPaste& one : kept_) {
        const std::size_t size = one.placeholder.size();
        if (text.size() >= size && text.substr(text.size() - size) == one.placeholder) return size;
    }
    return 0;
}

void Pastes::line_entered() {
    while (bytes_kept() > kMaxKeptAfterEntry)
        kept_.pop_front();
}

std::size_t Pastes::bytes_kept() const {
    std::size_t bytes = 0;
    for (const KeptPaste& one : kept_)
        bytes += one.text.size();
    return bytes;
}

}  // namespace tenon::terminal
