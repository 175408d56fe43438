#include "host/plugin/running.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <string_view>
#include <utility>

namespace tenon::plugin {
namespace {

/// No constructor runs for it, so a signal handler may read it at any moment.
constinit thread_local const RunningPlugin* current = nullptr;
constinit thread_local bool runs_plugins_for_host = false;

constexpr std::size_t kLongestName = 72;  // of an id, a tool or a session, with its NUL
constexpr int kPlaces = 512;
constexpr int kMostNamed = 5;

/// One scope, with copies of its names: another thread may read them while the scope ends.
struct Place {
    enum State : int { kFree, kChanging, kReadable };
    std::atomic<int> state{kFree};
    std::array<char, kLongestName> plugin{}, tool{}, session{};
    const char* function = nullptr;
};

// Without a destructor that matters: a plugin may run when the process ends.
std::array<Place, kPlaces> places;
// The places below this number have been used.
std::atomic<int> used_places{0};

std::atomic<void (*)() noexcept> begin_hook{nullptr};
std::atomic<void (*)(const char*) noexcept> end_hook{nullptr};

void copy_name(std::array<char, kLongestName>& to, const char* from) noexcept {
    const std::string_view name = from == nullptr ? "" : from;
    const std::size_t size = std::min(name.size(), kLongestName - 1);
    std::copy_n(name.data(), size, to.data());
    to[size] = '\0';
}

const char* name_in(const std::array<char, kLongestName>& name) noexcept {
    return name[0] == '\0' ? nullptr : name.data();
}

RunningCode code_at(const Place& place) noexcept {
    return {place.plugin.data(), place.function, name_in(place.tool), name_in(place.session)};
}

/// -1 when there is none left; then the scope is not in the table.
int take_place(const RunningCode& code) noexcept {
    for (int i = 0; i < kPlaces; ++i) {
        Place& place = places[static_cast<std::size_t>(i)];
        int expected = Place::kFree;
        if (!place.state.compare_exchange_strong(expected, Place::kChanging)) continue;
        copy_name(place.plugin, code.plugin);
        copy_name(place.tool, code.tool);
        copy_name(place.session, code.session);
        place.function = code.function;
        place.state = Place::kReadable;
        int used = used_places;
        while (used <= i && !used_places.compare_exchange_weak(used, i + 1)) {
        }
        return i;
    }
    return -1;
}

const char* text_or_null(const std::string* text) noexcept {
    return text == nullptr || text->empty() ? nullptr : text->c_str();
}

/// Calls `visit` with the code of each readable place until it returns false.
template <class Visit>
void visit_places(Visit visit) noexcept {
    const int used = used_places;
    for (int i = 0; i < used; ++i) {
        const Place& place = places[static_cast<std::size_t>(i)];
        if (place.state == Place::kReadable && !visit(code_at(place))) return;
    }
}

}  // namespace

RunningCode running_code() noexcept {
    return current == nullptr ? RunningCode{} : current->code_;
}

const char* running_plugin() noexcept {
    return running_code().plugin;
}

bool has_run_plugins() noexcept {
    return runs_plugins_for_host;
}

void add_to(FixedText& text, const RunningCode& code) noexcept {
    text << "the plugin " << code.plugin;
    if (code.tool != nullptr) {
        text << ", tool " << code.tool;
    } else if (code.function != nullptr) {
        text << ", " << code.function;
    }
    if (code.session != nullptr) text << ", session " << code.session;
}

bool add_all_running(FixedText& text) noexcept {
    int named = 0;
    visit_places([&](const RunningCode& code) {
        if (named > 0) text << "; ";
        if (named == kMostNamed) {
            text << "others";
            return false;
        }
        add_to(text, code);
        ++named;
        return true;
    });
    return named > 0;
}

void for_each_running(void (*visit)(void*, const char*), void* context) noexcept {
    visit_places([&](const RunningCode& code) {
        visit(context, code.plugin);
        return true;
    });
}

WaitingForPlugin::WaitingForPlugin(const RunningCode& code) noexcept : place_(take_place(code)) {}

WaitingForPlugin::~WaitingForPlugin() {
    if (place_ >= 0) places[static_cast<std::size_t>(place_)].state = Place::kFree;
}

RunningPlugin::RunningPlugin(const std::string& id, const char* function,
                             const std::string* session) noexcept
    : RunningPlugin(RunningCode{id.c_str(), function, nullptr, text_or_null(session)}) {}

RunningPlugin::RunningPlugin(const std::string& id, const std::string& tool,
                             const std::string* session) noexcept
    : RunningPlugin(RunningCode{id.c_str(), nullptr, tool.c_str(), text_or_null(session)}) {}

RunningPlugin::RunningPlugin(const RunningCode& code) noexcept
    : code_(code), in_table_(code), before_(std::exchange(current, this)) {
    runs_plugins_for_host = true;
    if (const auto hook = begin_hook.load(); hook != nullptr) hook();
}

RunningPlugin::~RunningPlugin() {
    current = before_;
    if (const auto hook = end_hook.load(); hook != nullptr) hook(code_.plugin);
}

RunningHost::RunningHost() noexcept : before_(std::exchange(current, nullptr)) {}

RunningHost::~RunningHost() {
    current = before_;
}

void set_begin_hook(void (*begin)() noexcept) noexcept {
    begin_hook = begin;
}

void set_end_hook(void (*end)(const char*) noexcept) noexcept {
    end_hook = end;
}

}  // namespace tenon::plugin
