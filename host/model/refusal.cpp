#include "host/model/refusal.h"

#include <algorithm>
#include <array>
#include <span>

#include <Poco/String.h>

#include "host/base/json.h"
#include "host/model/event_data.h"
#include "host/model/server_error.h"

namespace tenon::model {
namespace {

/// The members that hold a copy of the request.
bool is_copy_of_request(std::string_view key) {
    return key == "input" || key == "body" || key == "request";
}

/// The same in a text that is no JSON, or a list of another language: `'input': …, 'loc':`. The
/// copy ends where the next refused member is named.
std::string without_copies(std::string_view text) {
    std::string out;
    while (true) {
        const std::size_t begin = std::min(text.find("\"input\":"), text.find("'input':"));
        out += text.substr(0, begin);
        if (begin == text.npos) return out;
        text.remove_prefix(begin);
        const std::size_t end = std::min(text.find("\"loc\":"), text.find("'loc':"));
        if (end == text.npos) return out;
        text.remove_prefix(end);
    }
}

bool is_path(const Json& value) {
    const auto is_step = [](const Json& step) { return step.is_string() || step.is_number(); };
    return value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), is_step);
}

class RefusalWords {
public:
    void add(const Json& value, int depth = 0) {
        constexpr int kDeepest = 16;
        if (depth > kDeepest) return;
        if (const std::string* text = string_in(value)) {
            add_text(*text, depth);
        } else if (is_path(value)) {
            add_path(value);
        } else if (value.is_object()) {
            for (const auto& [key, inner] : value.items()) {
                if (is_copy_of_request(key)) continue;
                words_ += key + "\n";
                add(inner, depth + 1);
            }
        } else if (value.is_array()) {
            for (const Json& inner : value)
                add(inner, depth + 1);
        }
    }

    std::string take() && { return Poco::toLower(std::move(words_)); }

private:
    /// A gateway quotes the refusal of the server behind it, which may be JSON.
    void add_text(const std::string& text, int depth) {
        words_ += "\"" + without_copies(text) + "\"\n";
        const std::size_t begin = text.find('{');
        const std::size_t end = text.rfind('}');
        if (begin == text.npos || end == text.npos || end < begin) return;
        add(json_or_null(std::string_view(text).substr(begin, end - begin + 1)), depth + 1);
    }

    void add_path(const Json& path) {
        std::string joined;
        std::string last;
        for (const Json& step : path) {
            const std::string* name = string_in(step);
            if (name != nullptr) last = *name;
            joined += (joined.empty() ? "" : ".") + (name != nullptr ? *name : dump_json(step));
        }
        words_ += "\"" + joined + "\" \"" + last + "\"\n";
    }

    std::string words_;
};

bool has_any(std::string_view words, std::span<const std::string_view> of) {
    return std::any_of(of.begin(), of.end(),
                       [words](std::string_view one) { return words.find(one) != words.npos; });
}

bool names_model(std::string_view words) {
    constexpr std::array<std::string_view, 5> kMissing = {"not found", "not exist", "unknown model",
                                                          "invalid model", "no such model"};
    return words.find("model") != words.npos && has_any(words, kMissing);
}

}  // namespace

std::string words_of_refusal(std::string_view body) {
    const auto parsed = parse_event_data(body);
    if (!parsed) return Poco::toLower(without_copies(body));
    RefusalWords words;
    words.add(*parsed);
    return std::move(words).take();
}

bool may_name_a_part(int status, std::string_view body) {
    constexpr std::array kStatuses = {400, 404, 422, 500, 501};
    if (status == 200) {
        const auto error = find_error(parse_event_data(body).value_or(Json()));
        return error && (error->status == 0 || may_name_a_part(error->status, {}));
    }
    return std::find(kStatuses.begin(), kStatuses.end(), status) != kStatuses.end();
}

bool may_be_about_schema(const agent::ModelFailure& failure, std::string_view words) {
    constexpr std::array<std::string_view, 10> kOthers = {
        "api key", "api_key", "authenticat", "unauthorized", "permission",
        "credit",  "billing", "quota",       "rate limit",   "rate_limit"};
    const int status = failure.http_status;
    const bool is_general =
        status == 400 || status == 422 || status == 500 || (status == 200 && !failure.retryable);
    return is_general && failure.length != agent::Length::kTooLong && !has_any(words, kOthers) &&
           !names_model(words);
}

}  // namespace tenon::model
