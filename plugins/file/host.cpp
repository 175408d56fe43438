#include "plugins/file/host.h"

#include <cerrno>
#include <system_error>

#include <nlohmann/json.hpp>

namespace tenon::file {
namespace {

using Json = nlohmann::json;

/// File names may contain any bytes; what is not UTF-8 is replaced before the host gets them.
std::string dump(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void append(void* out, tenon_str chunk) {
    static_cast<std::string*>(out)->append(chunk.p, chunk.n);
}

bool holds(std::string_view folder, std::string_view path) {
    if (folder == "/") return true;
    return path.substr(0, folder.size()) == folder &&
           (path.size() == folder.size() || path[folder.size()] == '/');
}

const char* name_of(Access access) {
    switch (access) {
        case Access::kRead:
            return "read";
        case Access::kFolder:
            return "folder";
        case Access::kWrite:
            break;
    }
    return "write";
}

}  // namespace

Failure system_failure(std::string_view doing, int code) {
    return Failure(std::string(doing) + ": " + std::generic_category().message(code));
}

std::size_t read_some(int fd, char* buffer, std::size_t size, std::string_view shown) {
    std::size_t got = 0;
    while (got < size) {
        const ssize_t n = ::read(fd, buffer + got, size - got);
        if (n == 0) break;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw system_failure("read " + std::string(shown), errno);
        got += static_cast<std::size_t>(n);
    }
    return got;
}

std::string Host::ask(std::string_view method, std::string_view params) const {
    std::string answer;
    const tenon_rc rc =
        host_->request(host_, call_, {method.data(), method.size()}, {params.data(), params.size()},
                       {nullptr, 0}, {&answer, append});
    if (rc != TENON_OK) throw Failure(answer, rc);
    return answer;
}

Opened Host::open(std::string_view path, Access access) const {
    const Json answer = Json::parse(
        ask("path.open/1", dump({{"path", std::string(path)}, {"access", name_of(access)}})));
    Opened out;
    out.fd = Fd(answer.at("fd").get<int>());
    out.path = answer.at("path").get<std::string>();
    out.shown = answer.at("shown").get<std::string>();
    out.name = answer.value("name", "");
    return out;
}

std::string Host::root_of(std::string_view path) const {
    const Json answer = Json::parse(ask("path.roots/1", "{}"));
    std::string best;
    for (const Json& root : answer.at("read")) {
        const auto& folder = root.get_ref<const std::string&>();
        if (holds(folder, path) && (best.empty() || folder.size() < best.size())) best = folder;
    }
    return best;
}

std::vector<bool> Host::denied(const std::vector<std::string>& paths) const {
    std::vector<bool> out(paths.size(), false);
    if (paths.empty()) return out;
    const Json answer = Json::parse(ask("path.filter/1", dump({{"paths", paths}})));
    for (const Json& index : answer.at("denied"))
        out.at(index.get<std::size_t>()) = true;
    return out;
}

std::string Host::without_keys(std::string_view text, bool cut_begin, bool cut_end) const {
    const Json answer = Json::parse(
        ask("text.redact/1",
            dump({{"text", std::string(text)}, {"cut_begin", cut_begin}, {"cut_end", cut_end}})));
    return answer.at("text").get<std::string>();
}

void Host::check_cancelled() const {
    if (call_ != nullptr && call_->cancelled(call_) != 0) {
        throw Failure("The call was cancelled.", TENON_CANCELLED);
    }
}

}  // namespace tenon::file
