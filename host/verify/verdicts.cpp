#include "host/verify/verdicts.h"

#include <cstring>
#include <sys/wait.h>

#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/plugin/verify_protocol.h"

namespace tenon::verify {
namespace {

using Outcome = Verdict::Outcome;

constexpr const char* kFindIt =
    "find the place with a debugger, or in a build with -g -fsanitize=address,undefined";

std::string verify_signal_name(int number) {
    const char* const name = ::sigabbrev_np(number);
    return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
}

std::string last_line(const std::string& bytes) {
    const std::string_view text = utf8::trimmed(bytes);
    const auto at = text.rfind('\n');
    return visible(utf8::first_bytes(
        utf8::repair(at == std::string_view::npos ? text : text.substr(at + 1)), 200));
}

std::string remedy_of(const VerifyStepEnd& end) {
    if (!end.late.empty())
        return end.late.find("cancelled") != std::string::npos
                   ? "poll cancel_fd beside your own descriptors, or ask cancelled() now and "
                     "then"
                   : "wait for nothing without a limit, and leave slow work to the tools";
    if (WIFSIGNALED(end.status)) return kFindIt;
    if (WEXITSTATUS(end.status) == plugin::kVerifyNoReport)
        return "close only descriptors that the plugin has opened";
    return end.complete ? "look at the destructors of static objects"
                        : "return errors, and never call exit() or _exit() in a plugin";
}

}  // namespace

void Verdicts::say(const Verdict& verdict) {
    failed_ = failed_ || verdict.outcome == Outcome::kFailed;
    tell_(verdict);
}

void Verdicts::ok(const std::string& check, const std::string& text) {
    say({check, Outcome::kOk, text, {}});
}

void Verdicts::remark(const std::string& check, const std::string& text,
                      const std::string& remedy) {
    say({check, Outcome::kRemark, text, remedy});
}

void Verdicts::fail(const std::string& check, const std::string& text, const std::string& remedy) {
    say({check, Outcome::kFailed, text, remedy});
}

bool Verdicts::judge(const std::string& check, const VerifyStepEnd& end) {
    take_notes(check, end);
    bool fine = true;
    std::set<std::string> remedies;
    for (const Json& message : end.messages) {
        const std::string remedy = string_or(message, "remedy");
        const std::string* const failed = string_in(member(message, "failed"));
        const std::string* const text = string_in(member(message, "remark"));
        fine = fine && failed == nullptr;
        if ((failed == nullptr && text == nullptr) || !remedies.insert(remedy).second) continue;
        say_once({check, failed != nullptr ? Outcome::kFailed : Outcome::kRemark,
                  visible(failed != nullptr ? *failed : *text), visible(remedy)});
    }
    if (const std::string fault = fault_of(end); !fault.empty()) {
        say_once({check, Outcome::kFailed, fault, remedy_of(end)});
        fine = false;
    }
    if (end.left_behind > 0) {
        say_once({check, Outcome::kFailed,
                  "processes that it had started were still there at its end",
                  "end and reap in destroy what the plugin has started"});
        fine = false;
    }
    return fine;
}

void Verdicts::say_once(const Verdict& verdict) {
    if (said_.insert(verdict.text).second) say(verdict);
}

std::string Verdicts::fault_of(const VerifyStepEnd& end) {
    const std::string doing = end.doing.empty() ? "" : visible(end.doing) + ": ";
    if (!end.late.empty()) return doing + "it " + end.late;
    const std::string printed = last_line(end.complained);
    const std::string words = printed.empty() ? "" : ", after it had printed " + in_quotes(printed);
    if (WIFSIGNALED(end.status))
        return doing + "the process was ended by " + verify_signal_name(WTERMSIG(end.status)) +
               words;
    const int status = WEXITSTATUS(end.status);
    if (end.complete)
        return status == 0 ? ""
                           : doing + "the process ended with the status " + std::to_string(status);
    if (status == plugin::kVerifyNoReport)
        return doing + "it has closed descriptors that are not its own";
    return doing + "it has ended the process with the exit status " + std::to_string(status) +
           words;
}

/// Collects what later verdicts are about.
void Verdicts::take_notes(const std::string& check, const VerifyStepEnd& end) {
    for (const Json& message : end.messages)
        for (const std::string& method : strings_in(member(message, "requests")))
            requests_.insert(method);
    const auto note = [&](const char* stream, const std::string& bytes) {
        if (bytes.empty() || !printed_.empty()) return;
        printed_ = std::string(stream) + " in the check '" + check +
                   "': " + in_quotes(std::string(utf8::trimmed(bytes)));
    };
    note("standard output", end.printed);
    if (fault_of(end).empty()) note("standard error", end.complained);
}

}  // namespace tenon::verify
