#include "host/plugins/state_service.h"

#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>

#include "host/base/atomic_file.h"
#include "host/base/ids.h"
#include "host/base/private_dirs.h"
#include "host/base/unique_fd.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMaxKeyBytes = 128;
constexpr std::size_t kMaxValueBytes = 64U << 10U;
constexpr std::size_t kMaxFileBytes = 1U << 20U;

/// Locks a file while another one is read, changed and replaced. Excludes other processes and,
/// since every call opens the file again, other threads (flock(2)).
Result<UniqueFd> lock_file(const fs::path& path) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return Error::from_errno("open " + path.string());
    while (::flock(fd.get(), LOCK_EX) != 0)
        if (errno != EINTR) return Error::from_errno("lock " + path.string());
    return fd;
}

Result<Json> read_values(const fs::path& path) {
    std::error_code error;
    if (!fs::exists(path, error)) return Json::object();
    const auto text = read_whole_file(path, kMaxFileBytes);
    if (!text) return text.error();
    const auto document = parse_json(*text);
    if (!document) return document.error().while_doing("read " + path.string());
    if (integer_or(*document, "v", 0) != kVersion)
        return Error{"read " + path.string() +
                     ": written by another version of this program (v is not 1)"};
    const Json& values = member(*document, "values");
    if (!values.is_object()) return Error{"read " + path.string() + ": no values in it"};
    return values;
}

Result<void> store(const fs::path& path, Json& values, const std::string& key, const Json& value) {
    if (value.is_null()) {
        values.erase(key);
    } else {
        values[key] = value;
    }
    const std::string text = dump_json({{"v", kVersion}, {"values", values}});
    if (text.size() > kMaxFileBytes)
        return Error{"the state of a plugin has at most 1 MiB; remove something first"};
    return write_file_atomically(path, text, Sync::kNo);
}

std::string scope_of(const Json& params) {
    if (!params.contains("scope")) return "plugin";
    return string_or(params, "scope");
}

/// What is wrong with the parameters that both methods have.
std::optional<ServiceReply> parameter_error(const Json& params, bool has_session) {
    const auto bad = [](const char* why) { return ServiceReply::failed(why, TENON_BAD_ARGS); };
    const std::string key = string_or(params, "key");
    if (key.empty()) return bad("key is empty");
    if (key.size() > kMaxKeyBytes) return bad("key has more than 128 bytes");
    const std::string scope = scope_of(params);
    if (scope != "plugin" && scope != "session") return bad("scope is \"plugin\" or \"session\"");
    if (scope == "session" && !has_session)
        return ServiceReply::failed("there is no session whose state could be kept",
                                    TENON_UNSUPPORTED);
    return std::nullopt;
}

}  // namespace

StateService::StateService(fs::path folder, fs::path session_folder, const Secrets* secrets)
    : folder_(std::move(folder)), session_folder_(std::move(session_folder)), secrets_(secrets) {}
StateService::~StateService() = default;

void StateService::add_to(Services& services) {
    using Type = Parameter::Type;
    const Parameter key{"key", Type::kText, true};
    const Parameter scope{"scope"};
    services.add("state.get/1", {key, scope},
                 [this](const ServiceRequest& request) { return get(request); });
    services.add("state.set/1", {key, {"value", Type::kTextOrNull, true}, scope},
                 [this](const ServiceRequest& request) { return set(request); });
}

const fs::path& StateService::folder_of(const ServiceRequest& request) const {
    return scope_of(request.params) == "session" ? session_folder_ : folder_;
}

ServiceReply StateService::get(const ServiceRequest& request) {
    if (auto wrong = parameter_error(request.params, !session_folder_.empty()))
        return std::move(*wrong);
    // Without a lock, since the file is always replaced as a whole.
    const auto values = read_values(folder_of(request) / (std::string(request.plugin) + ".json"));
    if (!values) return ServiceReply::failed(values.error().message);
    return ServiceReply::ok({{"value", member(*values, string_or(request.params, "key"))}});
}

ServiceReply StateService::set(const ServiceRequest& request) {
    if (auto wrong = parameter_error(request.params, !session_folder_.empty()))
        return std::move(*wrong);
    const Json& value = member(request.params, "value");
    const std::string* text = string_in(value);
    if (text != nullptr && text->size() > kMaxValueBytes)
        return ServiceReply::failed("value has more than 64 KiB", TENON_BAD_ARGS);

    const bool may_hold_secrets = text != nullptr && secrets_ != nullptr;
    const Json stored_value = may_hold_secrets ? Json(secrets_->redact(*text)) : value;
    const std::string name(request.plugin);
    const fs::path& folder = folder_of(request);
    if (auto made = make_private_dirs(folder); !made)
        return ServiceReply::failed(made.error().message);
    const auto lock = lock_file(folder / (name + ".lock"));
    if (!lock) return ServiceReply::failed(lock.error().message);
    const fs::path file = folder / (name + ".json");
    auto values = read_values(file);
    if (!values) return ServiceReply::failed(values.error().message);
    auto stored = store(file, *values, string_or(request.params, "key"), stored_value);
    if (!stored) return ServiceReply::failed(stored.error().message);
    return ServiceReply::ok(Json::object());
}

}  // namespace tenon::plugins
