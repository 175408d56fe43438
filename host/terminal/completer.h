#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/terminal/completion.h"
#include "host/terminal/menu.h"
#include "host/terminal/path_finder.h"
#include "host/terminal/terminal.h"

namespace tenon::terminal {

/// Follows the word before the cursor, and keeps the menu of what it can become: commands, or paths
/// of the workspace, which a PathFinder finds meanwhile. Does not change the line itself. One
/// thread, except that `deliver` is called on the finder's.
class Completer {
public:
    using Time = std::chrono::steady_clock::time_point;
    /// The longest time that a key which needs the menu waits for paths.
    static constexpr std::chrono::milliseconds kLongestWait{250};
    /// From `start` to the cursor, the line becomes `text`.
    struct Replacement {
        std::size_t start = 0;
        std::string text;
        bool operator==(const Replacement&) const = default;
    };

    /// `deliver` must bring what it gets to `take`.
    Completer(std::filesystem::path workspace, std::function<void(FoundPaths)> deliver)
        : finder_(std::move(workspace), std::move(deliver)) {}

    void set_commands(std::vector<MenuCommand> commands);

    /// The person has typed: the menu may open. Cheap.
    void typed() { follows_ = true; }
    /// The line comes from elsewhere (history, a search) or is entered: no menu until the person
    /// types again.
    void leave();
    /// Call it before the menu is used or shown. Cheap while no word can be completed.
    void update(std::string_view before, std::string_view after, Time now);
    /// Whether the menu has changed.
    bool take(const FoundPaths& found);
    /// How long a key that needs the menu has to wait for paths; zero: it need not.
    [[nodiscard]] std::chrono::milliseconds wait_for_paths(Time now) const;

    [[nodiscard]] bool is_open() const { return menu_.is_open(); }
    [[nodiscard]] Menu& menu() { return menu_; }
    /// The person does not want the menu for this word. False when there was none.
    bool close();

    /// What the Tab key does after `update`: takes the chosen entry or the only one; else completes
    /// as far as all entries agree; else chooses the first entry, or takes it when it does not
    /// begin with what was typed. None when nothing in the line changes, also when the paths of
    /// this word have not come yet.
    std::optional<Replacement> complete();
    /// The chosen entry in place of the word; `is_command` says which kind it is.
    struct Chosen {
        Replacement replacement;
        bool is_command = false;
    };
    [[nodiscard]] std::optional<Chosen> chosen() const;

private:
    [[nodiscard]] bool is_path() const { return word_->kind == WordToComplete::Kind::kPath; }
    void look_up(Time now);
    [[nodiscard]] std::vector<MenuEntry> commands_for(std::string_view typed) const;
    [[nodiscard]] std::optional<Replacement> common_part() const;
    [[nodiscard]] Replacement replacement_by(const MenuEntry& entry) const;

    std::vector<MenuCommand> commands_;
    std::optional<WordToComplete> word_;
    Menu menu_;
    std::string common_;       // the common beginning of the best paths
    std::size_t best_ = 0;     // how many these are
    bool follows_ = false;     // the person has typed
    bool is_closed_ = false;   // for this word
    bool is_awaited_ = false;  // paths of this word
    Time asked_at_{};
    PathFinder finder_;
};

}  // namespace tenon::terminal
