#include "host/sandbox/policy.h"

#include <algorithm>
#include <array>

#include "host/base/path_text.h"

namespace tenon::sandbox {
namespace {

constexpr std::int64_t kVersion = 1;

constexpr std::array<std::pair<Mode, std::string_view>, 3> kModes{
    {{Mode::kOff, "off"}, {Mode::kWorkspace, "workspace"}, {Mode::kReadOnly, "read-only"}}};
constexpr std::array<std::pair<Network, std::string_view>, 3> kNetworks{
    {{Network::kNone, "none"}, {Network::kLoopback, "loopback"}, {Network::kFull, "full"}}};

struct GapWords {
    Gap gap;
    std::string_view name;
    std::string_view text;
};
constexpr GapWords kGapWords[] = {
    {Gap::kLandlock, "landlock",
     "Landlock (keeps commands from other processes; and from files where there is no mount "
     "namespace)"},
    {Gap::kSeccomp, "seccomp",
     "seccomp (the network, sockets, namespaces and dangerous system calls)"},
    {Gap::kMountNamespace, "mount-namespace",
     "mount namespaces (protect .git/hooks, .tenon, .claude, .envrc and Tenon's own files inside "
     "writable directories; and modes, owners and times of files outside)"},
    {Gap::kTruncate, "truncate", "Landlock ABI 3 (truncating files outside)"},
    {Gap::kSignals, "signals", "Landlock ABI 6 (signals to processes outside)"},
};

template <class Table>
std::string_view name_in(const Table& table, typename Table::value_type::first_type value) {
    for (const auto& [known, name] : table) {
        if (known == value) return name;
    }
    return table.front().second;
}
template <class Table>
std::optional<typename Table::value_type::first_type> value_in(const Table& table,
                                                               std::string_view text) {
    for (const auto& [value, name] : table) {
        if (name == text) return value;
    }
    return std::nullopt;
}

Json texts_of(const std::vector<std::string>& paths) {
    Json out = Json::array();
    for (const std::string& path : paths)
        out.push_back(path_to_text(path));
    return out;
}

Error member_error(const char* key, std::string_view what) {
    return Error{std::string("member \"containment\": \"") + key + "\" " + std::string(what)};
}

Result<std::vector<std::string>> paths_in(const Json& object, const char* key) {
    std::vector<std::string> out;
    const Json& list = member(object, key);
    if (!list.is_array()) return member_error(key, "is no array");
    for (const Json& item : list) {
        const std::string* text = string_in(item);
        if (text == nullptr) return member_error(key, "holds something that is no text");
        const std::string path = path_from_text(*text);
        if (!path.starts_with('/') || path.find('\0') != std::string::npos)
            return member_error(key, "holds something that is no absolute path");
        out.push_back(path);
    }
    return out;
}

Result<std::vector<Gap>> gaps_in(const Json& object) {
    std::vector<Gap> out;
    const Json& list = member(object, "tolerated");
    if (!list.is_array()) return member_error("tolerated", "is no array");
    for (const Json& item : list) {
        const std::string* text = string_in(item);
        const auto* const found =
            text == nullptr
                ? std::end(kGapWords)
                : std::find_if(std::begin(kGapWords), std::end(kGapWords),
                               [&](const GapWords& words) { return words.name == *text; });
        if (found == std::end(kGapWords)) return member_error("tolerated", "holds an unknown word");
        out.push_back(found->gap);
    }
    return out;
}

}  // namespace

std::string_view to_string(Mode mode) {
    return name_in(kModes, mode);
}
std::string_view to_string(Network network) {
    return name_in(kNetworks, network);
}
std::optional<Mode> mode_from(std::string_view text) {
    return value_in(kModes, text);
}
std::optional<Network> network_from(std::string_view text) {
    return value_in(kNetworks, text);
}

std::string_view to_string(Gap gap) {
    return kGapWords[static_cast<std::size_t>(gap)].name;
}
std::string_view describe(Gap gap) {
    return kGapWords[static_cast<std::size_t>(gap)].text;
}
std::string describe(const std::vector<Gap>& gaps) {
    std::string out;
    for (const Gap gap : gaps)
        out += (out.empty() ? "" : "; ") + std::string(describe(gap));
    return out;
}

Json encode(const Policy& policy) {
    Json tolerated = Json::array();
    for (const Gap gap : policy.tolerated)
        tolerated.push_back(to_string(gap));
    return {
        {"v", kVersion},
        {"mode", to_string(policy.mode)},
        {"network", to_string(policy.network)},
        {"workspace", path_to_text(policy.workspace)},
        {"writable", texts_of(policy.writable)},
        {"denied_reads", texts_of(policy.denied_reads)},
        {"protected", texts_of(policy.protected_paths)},
        {"tolerated", std::move(tolerated)},
    };
}

Result<Policy> decode(const Json& object) {
    if (!object.is_object()) return Error{"member \"containment\" is no object"};
    const auto version = integer_in(member(object, "v"));
    if (!version || *version < 1) return member_error("v", "is no version");
    if (*version > kVersion) return member_error("v", "is of a newer tenon");
    Policy policy;
    const auto mode = mode_from(string_or(object, "mode"));
    if (!mode) return member_error("mode", "has an unknown value");
    policy.mode = *mode;
    const auto network = network_from(string_or(object, "network"));
    if (!network) return member_error("network", "has an unknown value");
    policy.network = *network;
    policy.workspace = path_from_text(string_or(object, "workspace"));
    const std::pair<const char*, std::vector<std::string> Policy::*> lists[] = {
        {"writable", &Policy::writable},
        {"denied_reads", &Policy::denied_reads},
        {"protected", &Policy::protected_paths}};
    for (const auto& [key, list] : lists) {
        auto paths = paths_in(object, key);
        if (!paths) return paths.error();
        policy.*list = *std::move(paths);
    }
    auto gaps = gaps_in(object);
    if (!gaps) return gaps.error();
    policy.tolerated = *std::move(gaps);
    return policy;
}

}  // namespace tenon::sandbox
