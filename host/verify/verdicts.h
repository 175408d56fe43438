#pragma once

#include <set>
#include <string>

#include "host/verify/step.h"
#include "host/verify/verify.h"

namespace tenon::verify {

/// Passes on the verdicts of one verification, and turns the end of a step into verdicts. For one
/// thread.
class Verdicts {
public:
    /// `tell` outlives the object.
    explicit Verdicts(const VerdictSink& tell) : tell_(tell) {}

    void say(const Verdict& verdict);
    void ok(const std::string& check, const std::string& text);
    void remark(const std::string& check, const std::string& text, const std::string& remedy);
    void fail(const std::string& check, const std::string& text, const std::string& remedy);

    /// Says what was wrong with a step; true if nothing was. What the same remedy cures is said
    /// once, and what was said of an earlier check is not repeated.
    bool judge(const std::string& check, const VerifyStepEnd& end);
    [[nodiscard]] bool has_said(const std::string& text) const { return said_.count(text) > 0; }
    /// How the process of a step ended before its time; empty: it did not.
    [[nodiscard]] static std::string fault_of(const VerifyStepEnd& end);

    [[nodiscard]] bool any_failed() const { return failed_; }
    /// The methods that the plugin has requested in the steps that were judged.
    [[nodiscard]] const std::set<std::string>& requests() const { return requests_; }
    /// What it has printed first, and where; empty: nothing.
    [[nodiscard]] const std::string& printed() const { return printed_; }

private:
    void say_once(const Verdict& verdict);
    void take_notes(const std::string& check, const VerifyStepEnd& end);

    const VerdictSink& tell_;
    bool failed_ = false;
    std::set<std::string> said_, requests_;
    std::string printed_;
};

}  // namespace tenon::verify
