#include "host/terminal/menu.h"

#include <algorithm>
#include <utility>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kMaxMenuRows = 8;
constexpr std::size_t kRowsToCountOthers = 3;  // fewer rows show entries only
constexpr std::size_t kColumnsForLabels = 60;  // narrower screens have brief ones
constexpr std::string_view kChosenSign = "› ";
constexpr std::string_view kNotChosenSign = "  ";
constexpr std::size_t kMenuSignColumns = 2;

/// The end of `line`, behind a `…` when something is missing.
std::string label_end(std::string line, std::size_t columns) {
    if (width_of(line) <= columns) return line;
    while (!line.empty() && width_of(line) >= columns)
        line.erase(0, first_cluster(line).bytes);
    return "…" + line;
}

}  // namespace

void Menu::show(std::vector<MenuEntry> entries, std::size_t others) {
    const std::string before = chosen_ ? entries_[*chosen_].text : "";
    entries_ = std::move(entries);
    others_ = others;
    if (!std::exchange(chosen_, std::nullopt)) return;
    const auto same = std::find_if(entries_.begin(), entries_.end(),
                                   [&](const MenuEntry& entry) { return entry.text == before; });
    if (same != entries_.end()) chosen_ = static_cast<std::size_t>(same - entries_.begin());
}

void Menu::choose_next() {
    if (!is_open()) return;
    chosen_ = chosen_ ? (*chosen_ + 1) % entries_.size() : 0;
}

void Menu::choose_previous() {
    if (!is_open()) return;
    chosen_ = (chosen_.value_or(0) + entries_.size() - 1) % entries_.size();
}

std::vector<std::string> Menu::rows(std::size_t columns, std::size_t max_rows,
                                    ui::Style style) const {
    const bool all_fit = entries_.size() <= max_rows && others_ == 0;
    const bool counts = !all_fit && max_rows >= kRowsToCountOthers;
    const std::size_t room = std::min(entries_.size(), max_rows - (counts ? 1 : 0));
    const std::size_t wanted = chosen_ && *chosen_ >= room ? *chosen_ - room + 1 : 0;
    std::size_t widest = 0;
    for (const MenuEntry& entry : entries_)
        widest = std::max(widest, width_of(label_of(entry, columns)));
    std::vector<std::string> rows;
    for (std::size_t i = wanted; i < wanted + room; ++i)
        rows.push_back(row(i, std::min(widest, columns / 2), columns, style));
    if (counts) {
        const std::string more = "… +" + std::to_string(entries_.size() - room + others_) + " more";
        rows.push_back(cut(std::string(kNotChosenSign) + more, columns));
    }
    return rows;
}

std::string Menu::label_of(const MenuEntry& entry, std::size_t columns) {
    const bool is_narrow = columns < kColumnsForLabels && !entry.brief.empty();
    return visible(is_narrow ? entry.brief : entry.label);
}

std::string Menu::row(std::size_t index, std::size_t label_columns, std::size_t columns,
                      ui::Style style) const {
    const MenuEntry& entry = entries_[index];
    const bool is_chosen = chosen_ == index;
    const std::size_t room = columns - std::min(columns, kMenuSignColumns);
    std::string row(is_chosen ? kChosenSign : kNotChosenSign);
    if (entry.help.empty()) {
        row += label_end(label_of(entry, columns), room);
    } else {
        row += padded(label_of(entry, columns), label_columns) + "  " + harmless_line(entry.help);
    }
    row = cut(row, columns);
    return is_chosen ? ui::paint(style, ui::kBold, row) : row;
}

std::size_t menu_rows(std::size_t screen_rows) {
    return std::clamp<std::size_t>(screen_rows / 3, 1, kMaxMenuRows);
}

}  // namespace tenon::terminal
