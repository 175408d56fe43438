#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/ui/style.h"

namespace tenon::terminal {

/// Something that can take the place of the word before the cursor.
struct MenuEntry {
    std::string text;        ///< what the word becomes
    std::string label;       ///< what is shown of it
    std::string help = {};   ///< behind the label; may be empty
    std::string brief = {};  ///< the label for narrow screens, if there is a shorter one
    bool operator==(const MenuEntry&) const = default;
};

/// What a person can choose from while typing. Pure; not responsible for keys.
class Menu {
public:
    /// Replaces the entries. An entry that was chosen stays chosen if it is still there. `others`
    /// more exist that are not shown.
    void show(std::vector<MenuEntry> entries, std::size_t others = 0);
    void close() { show({}); }
    [[nodiscard]] bool is_open() const { return !entries_.empty(); }
    [[nodiscard]] const std::vector<MenuEntry>& entries() const { return entries_; }

    /// The next or the previous entry, in a circle; at first the first or the last one.
    void choose_next();
    void choose_previous();
    void choose_none() { chosen_.reset(); }
    [[nodiscard]] const MenuEntry* chosen() const {
        return chosen_ ? &entries_[*chosen_] : nullptr;
    }

    /// At most `max_rows` rows of at most `columns`. The chosen entry is among them and is marked.
    [[nodiscard]] std::vector<std::string> rows(std::size_t columns, std::size_t max_rows,
                                                ui::Style style) const;

private:
    [[nodiscard]] static std::string label_of(const MenuEntry& entry, std::size_t columns);
    [[nodiscard]] std::string row(std::size_t index, std::size_t label_columns, std::size_t columns,
                                  ui::Style style) const;

    std::vector<MenuEntry> entries_;
    std::size_t others_ = 0;
    std::optional<std::size_t> chosen_;
};

/// The rows that a menu may have on a screen of so many rows.
std::size_t menu_rows(std::size_t screen_rows);

}  // namespace tenon::terminal
