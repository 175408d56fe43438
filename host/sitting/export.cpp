#include "host/sitting/export.h"

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/base/tilde.h"
#include "host/base/unique_fd.h"
#include "host/cli/session_markdown.h"

namespace tenon::sitting {
namespace {

std::string without_quotes(std::string name) {
    const bool quoted = name.size() > 2 && name.front() == name.back() &&
                        (name.front() == '"' || name.front() == '\'');
    return quoted ? name.substr(1, name.size() - 2) : name;
}

std::filesystem::path file_named(const config::Settings& settings, const std::string& id,
                                 std::string name) {
    if (name.empty()) name = "tenon-" + id + ".md";
    const char* const home = std::getenv("HOME");
    const auto path = expanded(without_quotes(std::move(name)), home == nullptr ? "" : home);
    return (settings.workspace / path).lexically_normal();
}

}  // namespace

Result<std::filesystem::path> export_conversation(const config::Settings& settings,
                                                  const std::string& id, const Secrets& secrets,
                                                  std::string name) {
    const auto path = file_named(settings, id, std::move(name));
    const std::string doing = "write " + path.string();
    const UniqueFd file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file && errno == EEXIST)
        return Error{path.string() + " exists already; /export FILE writes another file"};
    if (!file) return Error::from_errno(doing);
    auto written =
        cli::write_markdown(settings.state_dir / "sessions", id, secrets,
                            [&](const std::string& text) { return write_all(file.get(), text); });
    if (written) return path;
    ::unlink(path.c_str());
    return written.error().while_doing(doing);
}

}  // namespace tenon::sitting
