#include "host/plugin/needs.h"

#include <algorithm>
#include <filesystem>

#include "host/base/json.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"

namespace tenon::plugin {
namespace {

constexpr std::string_view kReadPrefix = "read:";
constexpr std::string_view kWritePrefix = "write:";
constexpr const char* kForms = "known are network, exec, read:DIR and write:DIR";

constexpr std::size_t kMaxJsonBytes = 16U << 10U;
constexpr std::size_t kMaxJsonDepthOfNeeds = 8;
constexpr std::size_t kMaxNeeds = 64;
constexpr std::size_t kMaxPathBytes = 4096;

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// What is wrong with a directory; empty: nothing.
std::string fault_of(std::string_view directory) {
    if (directory.empty()) return "names no directory";
    if (directory.size() > kMaxPathBytes) return "names a path that is too long";
    if (!utf8::is_valid(directory) || has_control_character(directory))
        return "names a path with control characters or invalid UTF-8";
    if (directory.front() != '/' && directory != "~" && !directory.starts_with("~/"))
        return "needs an absolute path, or one that begins with ~/";
    for (const auto& part : std::filesystem::path(directory))
        if (part == "..") return "has .. in its path";
    return {};
}

Refusal malformed_needs(const std::string& why) {
    return invalid_plugin("its note of needs is malformed: " + why);
}

}  // namespace

Result<Need> parse_need(std::string_view text) {
    if (text == "network") return Need{NeedKind::kNetwork};
    if (text == "exec") return Need{NeedKind::kExec};
    for (const auto& [prefix, kind] :
         {std::pair(kReadPrefix, NeedKind::kRead), std::pair(kWritePrefix, NeedKind::kWrite)}) {
        if (!text.starts_with(prefix)) continue;
        const std::string_view directory = text.substr(prefix.size());
        const std::string fault = fault_of(directory);
        if (!fault.empty()) return Error{in_quotes(text) + " " + fault};
        return Need{kind, std::string(directory)};
    }
    return Error{in_quotes(text) + " is not known; " + kForms};
}

std::string to_string(const Need& need) {
    switch (need.kind) {
        case NeedKind::kNetwork:
            return "network";
        case NeedKind::kExec:
            return "exec";
        case NeedKind::kRead:
            return std::string(kReadPrefix) + need.directory;
        case NeedKind::kWrite:
            return std::string(kWritePrefix) + need.directory;
    }
    return {};
}

Result<Needs, Refusal> parse_needs(std::string_view json) {
    if (json.size() > kMaxJsonBytes) return malformed_needs("it is longer than 16 KiB");
    const auto parsed = parse_json(json, kMaxJsonDepthOfNeeds);
    if (!parsed) return malformed_needs(visible(parsed.error().message));
    if (!parsed->is_object()) return malformed_needs("it is not a JSON object");
    const Json& list = member(*parsed, "needs");
    if (!list.is_array()) return malformed_needs("it has no list \"needs\"");
    if (list.size() > kMaxNeeds) return malformed_needs("it lists more than 64 needs");
    Needs out;
    for (const Json& entry : list) {
        const std::string* text = string_in(entry);
        if (text == nullptr) return malformed_needs("a need is not a text");
        if (auto need = parse_need(*text); !need)
            return Refusal{"a need that it states cannot be met: " + need.error().message,
                           kReportUnknownNeed};
        if (std::find(out.needs.begin(), out.needs.end(), *text) == out.needs.end())
            out.needs.push_back(*text);
    }
    const Json& summary = member(*parsed, "summary");
    if (!summary.is_null() && !summary.is_string())
        return malformed_needs("its \"summary\" is not a text");
    out.summary = string_or(*parsed, "summary");
    return out;
}

}  // namespace tenon::plugin
