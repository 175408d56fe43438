#include "host/permission/mode.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

namespace tenon::permission {
namespace {

constexpr std::array<std::pair<std::string_view, PermissionMode>, 5> kModes = {{
    {"ask", PermissionMode::kAsk},
    {"acceptEdits", PermissionMode::kAcceptEdits},
    {"plan", PermissionMode::kPlan},
    {"dontAsk", PermissionMode::kDontAsk},
    {"bypassPermissions", PermissionMode::kBypassPermissions},
}};
constexpr std::string_view kNoQuestions = "no questions";

/// As the lock on permissions.mode orders them.
int looseness(PermissionMode mode) {
    switch (mode) {
        case PermissionMode::kPlan:
            return 0;
        case PermissionMode::kDontAsk:
            return 1;
        case PermissionMode::kAsk:
            return 2;
        case PermissionMode::kAcceptEdits:
            return 3;
        case PermissionMode::kBypassPermissions:
            return 4;
    }
    return 4;
}

bool asks_nothing(Stance stance) {
    return stance.mode == PermissionMode::kBypassPermissions ||
           (stance.yes && stance.mode != PermissionMode::kDontAsk &&
            stance.mode != PermissionMode::kPlan);
}

/// Why the session may not have the stance; empty: it may.
std::string objection(Stance stance, const StanceLimits& limits) {
    if (stance == limits.start || stance.mode == PermissionMode::kPlan) return {};
    if (limits.loosest && looseness(stance.mode) > looseness(*limits.loosest))
        return "permissions.mode is locked by " + limits.lock + " to '" +
               std::string(to_string(*limits.loosest)) + "' or a stricter mode";
    if (limits.start.mode == PermissionMode::kDontAsk &&
        looseness(stance.mode) > looseness(PermissionMode::kDontAsk))
        return "the session began with dontAsk; another mode is for the start: "
               "-D permissions.mode=MODE";
    if (asks_nothing(stance)) return "only the start of a session can do without questions: --yes";
    return {};
}

/// In any letter case.
std::optional<PermissionMode> entered_mode(std::string_view name) {
    const auto is_it = [name](std::string_view known) {
        return std::equal(name.begin(), name.end(), known.begin(), known.end(), [](char a, char b) {
            return std::tolower(static_cast<unsigned char>(a)) ==
                   std::tolower(static_cast<unsigned char>(b));
        });
    };
    if (is_it("default")) return PermissionMode::kAsk;
    if (is_it(kNoQuestions)) return PermissionMode::kBypassPermissions;
    for (const auto& [text, mode] : kModes)
        if (is_it(text)) return mode;
    return std::nullopt;
}

/// Stances that a step has left out. The reason is the same for all of them.
struct LeftOut {
    std::string names, reason;
    void add(Stance stance, std::string why) {
        names += (names.empty() ? "" : ", ") + in_words(stance);
        reason = std::move(why);
    }
    [[nodiscard]] std::string text() const {
        return names.empty() ? names : "left out: " + names + ": " + reason;
    }
};

}  // namespace

std::optional<PermissionMode> mode_from(std::string_view name) {
    for (const auto& [text, mode] : kModes)
        if (text == name) return mode;
    return std::nullopt;
}

std::string_view to_string(PermissionMode mode) {
    for (const auto& [text, known] : kModes)
        if (known == mode) return text;
    return "ask";
}

std::string in_words(Stance stance) {
    return std::string(asks_nothing(stance) ? kNoQuestions : to_string(stance.mode));
}

StanceStep next_stance(Stance now, const StanceLimits& limits) {
    std::vector<Stance> round = {
        {PermissionMode::kAsk}, {PermissionMode::kAcceptEdits}, {PermissionMode::kPlan}};
    const auto same = std::find_if(round.begin(), round.end(), [&](Stance one) {
        return in_words(one) == in_words(limits.start);
    });
    if (same == round.end()) {
        round.push_back(limits.start);
    } else {
        *same = limits.start;
    }
    const auto found = std::find(round.begin(), round.end(), now);
    // A stance from elsewhere counts as the last one.
    if (found != round.end()) std::rotate(round.begin(), found + 1, round.end());
    LeftOut left_out;
    for (const Stance stance : round) {
        if (stance == now) break;
        std::string why = objection(stance, limits);
        if (why.empty()) return {stance, left_out.text()};
        left_out.add(stance, std::move(why));
    }
    return {now, left_out.text()};
}

Result<Stance> stance_named(std::string_view name, const StanceLimits& limits) {
    const auto mode = entered_mode(name);
    if (!mode) {
        std::string known;
        for (const auto& [text, ignored] : kModes)
            known += (known.empty() ? "" : ", ") + std::string(text);
        return Error{"there is no mode '" + std::string(name) + "'; the modes are " + known};
    }
    Stance stance{*mode};
    if (in_words(stance) == in_words(limits.start)) stance = limits.start;
    if (const std::string why = objection(stance, limits); !why.empty()) return Error{why};
    return stance;
}

}  // namespace tenon::permission
