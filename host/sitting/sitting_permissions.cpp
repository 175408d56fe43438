// The permission mode and /permissions.
#include <charconv>
#include <sstream>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/sitting/sentence.h"
#include "host/sitting/session_words.h"
#include "host/sitting/sitting.h"

namespace tenon::sitting {
namespace {

constexpr const char* kPermissionsUsage =
    "/permissions, /permissions MODE or /permissions remove N";

/// 0 when the text is no number.
std::size_t rule_number(const std::string& text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

}  // namespace

void Sitting::handle(const terminal::NextMode&) {
    if (session_ == nullptr) return;
    const permission::StanceStep step =
        permission::next_stance(session_->gate().stance(), session_->stance_limits());
    if (!step.remark.empty()) print(wrap("Shift-Tab: " + visible(step.remark) + ".", width()));
    take_stance(step.stance);
}

/// A question that is open stays open.
void Sitting::take_stance(permission::Stance stance) {
    session_->gate().take(stance);
    status_.mode = mode_part(stance);
    refresh_status();
}

void Sitting::show_permissions(const std::string& argument) {
    if (session_ == nullptr) return print("The session is not open yet.");
    if (argument.empty()) {
        return print(permission_lines({session_->gate().stance(), session_->stance_limits().lock,
                                       session_->gate().rules(), session_->gate().session_rules()},
                                      width()));
    }
    std::istringstream words(argument);
    std::string verb, which;
    words >> verb >> which;
    if (verb == "remove") return remove_rule(which);
    const auto stance = permission::stance_named(argument, session_->stance_limits());
    if (!stance)
        return print(sentence(visible(stance.error().message)) + " (" + kPermissionsUsage + ")");
    take_stance(*stance);
    print("The mode is " + permission::in_words(*stance) + ".");
}

void Sitting::remove_rule(const std::string& number) {
    const std::size_t rules = session_->gate().session_rules().size();
    if (rules == 0) return print("This session has added no rule.");
    if (number.empty()) return print("Which rule? " + std::string(kPermissionsUsage) + ".");
    const auto rule = session_->gate().forget(rule_number(number));
    if (!rule) {
        return print("There is no rule " + visible(number) +
                     " of this session; the numbers are 1 to " + std::to_string(rules) +
                     ". /permissions lists them.");
    }
    print("Removed: " + visible(rule->text()));
}

}  // namespace tenon::sitting
