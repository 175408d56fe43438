#include "host/sitting/model_choice.h"

#include <algorithm>

#include "host/base/nearest.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/sitting/session_words.h"

namespace tenon::sitting {
namespace {

constexpr std::size_t kMostOffered = 40;
constexpr std::size_t kLongestModelName = 256;

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string with_commas(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

}  // namespace

void ModelChoice::begin(std::string present, std::string configured) {
    *this = {};
    present_ = std::move(present);
    configured_ = std::move(configured);
    used_ = {present_};
}

void ModelChoice::change(std::string name) {
    if (name == present_) return;
    before_ = std::exchange(present_, std::move(name));
    add_used({present_});
}

void ModelChoice::add_used(const std::vector<std::string>& names) {
    for (const std::string& name : names)
        if (!contains(used_, name)) used_.push_back(name);
}

bool ModelChoice::is_known(std::string_view name) const {
    return name == configured_ || contains(used_, name) || contains(offered_, name);
}

std::string ModelChoice::remark_on(std::string_view name) const {
    if (offered_.empty() || contains(offered_, name)) return {};
    const auto meant =
        nearest(name, std::vector<std::string_view>(offered_.begin(), offered_.end()));
    return "The server does not list it" + (meant ? "; did you mean " + visible(*meant) + "?"
                                                  : std::string("; /model lists more."));
}

std::vector<std::string> ModelChoice::known_lines(const std::vector<std::string>& fallbacks,
                                                  std::size_t width) const {
    std::vector<Fact> facts = {{"model", present_}};
    if (!configured_.empty() && configured_ != present_)
        facts.emplace_back("configured", configured_);
    std::vector<std::string> others = used_;
    std::erase(others, present_);
    if (!others.empty()) facts.emplace_back("used here", with_commas(others));
    for (Fact& fallback : fallback_facts(fallbacks))
        facts.push_back(std::move(fallback));
    return fact_lines(facts, width);
}

std::vector<std::string> ModelChoice::offered_lines(const std::string& server,
                                                    std::size_t width) const {
    if (offered_.empty()) return {};
    std::vector<std::string> lines = wrap("Offered by " + visible(server) + ":", width);
    for (std::size_t i = 0; i < std::min(offered_.size(), kMostOffered); ++i)
        lines.push_back(cut("  " + visible(offered_[i]), width));
    if (offered_.size() > kMostOffered)
        lines.push_back("  … +" + std::to_string(offered_.size() - kMostOffered));
    return lines;
}

std::optional<std::string> problem_of_model_name(std::string_view name) {
    if (name.find_first_of(" \t\r\n") != std::string_view::npos)
        return "The name of a model is one word: /model NAME.";
    if (name.size() > kLongestModelName || visible(name) != name)
        return "This is no name of a model: " + visible(name.substr(0, kLongestModelName));
    return std::nullopt;
}

}  // namespace tenon::sitting
