#include "host/model/window.h"

#include <algorithm>
#include <array>

#include "host/base/atomic_file.h"
#include "host/base/json.h"
#include "host/base/utf8.h"

namespace tenon::model {
namespace {

constexpr std::int64_t kWindowsFileVersion = 1;
constexpr std::int64_t kUnknownModel = 50'000;
constexpr std::size_t kMaxWindowsFileBytes = std::size_t{1} << 20U;
constexpr std::size_t kMostKept = 500;

struct ModelFamily {
    std::string_view name;  ///< part of the model's
    std::int64_t window;    ///< tokens, the smallest of the family
};
constexpr std::array<ModelFamily, 1> kFamilies = {{{"claude", 200'000}}};

/// Keeps a reserve, since servers count tokens differently.
std::int64_t room_for_request(std::int64_t window, std::int64_t answer) {
    return std::max(window - window / 10 - answer, window / 2);
}

std::optional<std::int64_t> window_in_table(std::string_view model) {
    for (const ModelFamily& family : kFamilies) {
        if (model.find(family.name) != std::string_view::npos) return family.window;
    }
    return std::nullopt;
}

/// The entries of the file; none when there is no file.
Result<Json> read_entries(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::exists(std::filesystem::symlink_status(file, error)))
        return Json::array();
    const auto bytes = read_whole_file(file, kMaxWindowsFileBytes);
    if (!bytes) return bytes.error();
    const auto document = parse_json(*bytes);
    if (!document) return document.error().while_doing("read " + file.string());
    if (integer_or(*document, "v", 0) != kWindowsFileVersion)
        return Error{"read " + file.string() +
                     ": written by another version of this program (v is not 1)"};
    const Json& entries = member(*document, "windows");
    if (!entries.is_array()) return Error{"read " + file.string() + ": no windows in it"};
    return entries;
}

}  // namespace

Result<void> Windows::load() {
    if (file_.empty()) return {};
    const auto entries = read_entries(file_);
    const Lock lock(mutex_);
    writes_ = entries.ok();
    if (!entries) return entries.error();
    for (const Json& entry : *entries) {
        const std::string model = string_or(entry, "model");
        const std::int64_t tokens = integer_or(entry, "tokens", 0);
        if (string_or(entry, "server") == server_ && tokens >= kSmallestWindow)
            learned_[model] = {tokens, bool_or(entry, "listed", false)};
    }
    return {};
}

std::optional<std::int64_t> Windows::told(std::string_view model) const {
    const auto learned = learned_.find(model);
    if (!configured_)
        return learned == learned_.end() ? std::nullopt : std::optional(learned->second.tokens);
    const auto stated = stated_.find(model);
    return stated == stated_.end() ? *configured_ : std::min(*configured_, stated->second);
}

WindowShares Windows::shares(std::string_view model, std::int64_t max_tokens) const {
    {
        const Lock lock(mutex_);
        if (const auto window = told(model)) {
            const std::int64_t answer = std::min(max_tokens, *window / 4);
            return {room_for_request(*window, answer), answer, true};
        }
    }
    if (const auto window = window_in_table(model))
        return {room_for_request(*window, max_tokens), max_tokens, false};
    return {kUnknownModel, max_tokens, false};
}

std::optional<std::int64_t> Windows::window(std::string_view model) const {
    {
        const Lock lock(mutex_);
        if (const auto window = told(model)) return window;
    }
    return window_in_table(model);
}

Result<void> Windows::learn(std::string_view model, std::int64_t tokens) {
    const std::string name = utf8::repair(model);
    const Lock lock(mutex_);
    if (!is_possible(name, tokens)) return {};
    stated_[name] = tokens;
    return take(name, {tokens, false});
}

Result<void> Windows::learn_listed(std::string_view model, std::int64_t tokens) {
    const std::string name = utf8::repair(model);
    const Lock lock(mutex_);
    if (is_surely_known(model) || !is_possible(name, tokens)) return {};
    return take(name, {tokens, true});
}

bool Windows::needs_no_listing(std::string_view model) const {
    const Lock lock(mutex_);
    return is_surely_known(model);
}

/// By more than a listing.
bool Windows::is_surely_known(std::string_view model) const {
    if (configured_ || window_in_table(model)) return true;
    const auto learned = learned_.find(model);
    return learned != learned_.end() && !learned->second.is_listed;
}

bool Windows::is_possible(std::string_view model, std::int64_t tokens) const {
    const auto accepted = accepted_.find(model);
    return tokens >= kSmallestWindow && (accepted == accepted_.end() || tokens >= accepted->second);
}

Result<void> Windows::take(const std::string& model, const Learned& learned) {
    Learned& known = learned_[model];
    if (std::exchange(known, learned) == learned || file_.empty() || !writes_) return {};
    return keep(model, learned);
}

void Windows::accepted(std::string_view model, std::int64_t tokens) {
    const Lock lock(mutex_);
    std::int64_t& largest = accepted_[utf8::repair(model)];
    largest = std::max(largest, tokens);
}

/// Reads the file again: another host may have written to it.
Result<void> Windows::keep(const std::string& model, const Learned& learned) const {
    auto entries = read_entries(file_);
    if (!entries) return entries.error();
    Json kept = Json::array();
    const std::size_t left_out = entries->size() < kMostKept ? 0 : entries->size() - kMostKept + 1;
    for (std::size_t i = left_out; i < entries->size(); ++i) {
        const Json& entry = (*entries)[i];
        if (string_or(entry, "server") != server_ || string_or(entry, "model") != model)
            kept.push_back(entry);
    }
    Json entry = {{"server", server_}, {"model", model}, {"tokens", learned.tokens}};
    if (learned.is_listed) entry["listed"] = true;
    kept.push_back(std::move(entry));
    const Json document = {{"v", kWindowsFileVersion}, {"windows", std::move(kept)}};
    return write_file_atomically(file_, dump_json(document) + "\n", Sync::kNo);
}

}  // namespace tenon::model
