#include "host/terminal/pastes.h"

#include <algorithm>

namespace tenon::terminal {
namespace {

constexpr std::size_t kMaxShortLines = 10;
constexpr std::size_t kMaxShortBytes = 2048;
constexpr std::size_t kMaxKeptAfterEntry = 8 << 20;

std::size_t line_count(std::string_view text) {
    const auto ends = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    return ends + (text.empty() || text.back() == '\n' ? 0 : 1);
}

std::string with_commas(std::size_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3;)
        digits.insert(at -= 3, ",");
    return digits;
}

}  // namespace

std::optional<std::string> Pastes::add(std::string text) {
    const std::size_t lines = line_count(text);
    if (lines <= kMaxShortLines && text.size() <= kMaxShortBytes) return text;
    if (bytes_kept() + text.size() > kMaxKept) return std::nullopt;
    std::string placeholder = "[pasted text #" + std::to_string(++count_) + ", " +
                              with_commas(lines) + (lines == 1 ? " line]" : " lines]");
    kept_.push_back({placeholder, std::move(text)});
    return placeholder;
}

std::string Pastes::expanded(std::string_view line) const {
    std::string whole;
    while (!line.empty()) {
        const auto kept = std::find_if(kept_.begin(), kept_.end(), [&](const KeptPaste& one) {
            return line.substr(0, one.placeholder.size()) == one.placeholder;
        });
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
