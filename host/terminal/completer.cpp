#include "host/terminal/completer.h"

#include <algorithm>
#include <utility>

namespace tenon::terminal {
namespace {

using std::chrono::milliseconds;

MenuEntry entry_of(const MenuCommand& command) {
    const std::string name = "/" + command.name;
    return {name, name + (command.argument.empty() ? "" : " " + command.argument), command.help,
            name};
}

}  // namespace

void Completer::set_commands(std::vector<MenuCommand> commands) {
    commands_ = std::move(commands);
    word_.reset();  // looked up again by the next update
    menu_.close();
}

void Completer::leave() {
    follows_ = is_closed_ = is_awaited_ = false;
    if (std::exchange(word_, std::nullopt)) finder_.forget();
    menu_.close();
}

void Completer::update(std::string_view before, std::string_view after, Time now) {
    if (!follows_) return;
    auto word = word_to_complete(before, after);
    if (word == word_) return;
    const bool is_same = word && word_ && word->kind == word_->kind && word->start == word_->start;
    if (!is_same) {
        if (word_ && is_path()) finder_.forget();
        is_closed_ = is_awaited_ = false;
        menu_.close();
    }
    word_ = std::move(word);
    menu_.choose_none();
    if (word_ && !is_closed_) look_up(now);
}

void Completer::look_up(Time now) {
    if (!is_path()) return menu_.show(commands_for(word_->typed));
    is_awaited_ = true;
    asked_at_ = now;
    finder_.find(word_->typed);
}

bool Completer::take(const FoundPaths& found) {
    if (!word_ || !is_path() || is_closed_ || found.typed != word_->typed) return false;
    is_awaited_ = false;
    common_ = found.matches.common;
    best_ = found.matches.as_good;
    std::vector<MenuEntry> entries;
    for (const std::string& path : found.matches.best)
        entries.push_back({mention_of(path), path});
    menu_.show(std::move(entries), found.matches.others);
    return true;
}

milliseconds Completer::wait_for_paths(Time now) const {
    if (!is_awaited_) return milliseconds(0);
    const auto left = std::chrono::ceil<milliseconds>(asked_at_ + kLongestWait - now);
    return std::max(left, milliseconds(0));
}

bool Completer::close() {
    if (!is_open()) return false;
    is_closed_ = true;
    is_awaited_ = false;
    menu_.close();
    return true;
}

/// Commands that begin with it; when there are none, those that have it in their name.
std::vector<MenuEntry> Completer::commands_for(std::string_view typed) const {
    const std::string wanted = small_letters(typed);
    std::vector<MenuEntry> begin, contain;
    for (const MenuCommand& command : commands_) {
        const std::string name = small_letters(command.name);
        if (name.starts_with(wanted))
            begin.push_back(entry_of(command));
        else if (name.find(wanted) != std::string::npos)
            contain.push_back(entry_of(command));
    }
    return begin.empty() ? contain : begin;
}

std::optional<Completer::Replacement> Completer::complete() {
    if (!word_ || !is_open() || is_awaited_) return std::nullopt;  // the menu is of an older word
    if (const MenuEntry* entry = menu_.chosen()) return replacement_by(*entry);
    const MenuEntry& first = menu_.entries().front();
    if (menu_.entries().size() == 1 || (is_path() && best_ == 1)) return replacement_by(first);
    if (auto part = common_part()) return part;
    const std::string label = small_letters(is_path() ? first.label : first.text.substr(1));
    if (!label.starts_with(small_letters(word_->typed))) return replacement_by(first);
    menu_.choose_next();
    return std::nullopt;
}

/// What all entries have in common, if that is more than was typed.
std::optional<Completer::Replacement> Completer::common_part() const {
    const std::string typed = small_letters(word_->typed);
    if (is_path()) {
        const bool is_more =
            common_.size() > typed.size() && rank_of(small_letters(common_), typed);
        if (!is_more) return std::nullopt;
        return Replacement{word_->start, begun_mention_of(common_, word_->is_quoted)};
    }
    std::string common = menu_.entries().front().text;
    for (const MenuEntry& entry : menu_.entries())
        common = common_beginning(common, entry.text);
    if (common.size() <= typed.size() + 1) return std::nullopt;
    return Replacement{word_->start, std::move(common)};
}

Completer::Replacement Completer::replacement_by(const MenuEntry& entry) const {
    return {word_->start, entry.text + (entry.text.ends_with('/') ? "" : " ")};
}

std::optional<Completer::Chosen> Completer::chosen() const {
    const MenuEntry* entry = menu_.chosen();
    if (!word_ || entry == nullptr) return std::nullopt;
    return Chosen{replacement_by(*entry), !is_path()};
}

}  // namespace tenon::terminal
