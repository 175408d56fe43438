// SPDX-License-Identifier: Apache-2.0
//
// The host's methods path.* as functions, and what is needed to use the descriptors that they
// return. Header-only, C++17. See "path.open/1" in the SDK's README.
//
//     tenon::File file = tenon::Paths(call).write("notes.txt");
//     file.put("a line\n");
//     // The host replaces notes.txt when the function of the tool returns without an exception.
#ifndef TENON_PATHS_HPP
#define TENON_PATHS_HPP

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <dirent.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <tenon/plugin.hpp>

namespace tenon {
inline namespace sdk_1_1 {

/// A failure of a system call. `code` is an errno value.
inline Failure system_failure(std::string_view doing, int code) {
    return Failure(std::string(doing) + ": " + std::generic_category().message(code));
}

/// Owns one file descriptor, or none (-1).
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_ = -1;
};

struct CloseDirectory {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

/// Fills `buffer` from the current place of `fd`. Fewer bytes mean the end. Throws Failure, which
/// names the file as `shown`.
inline std::size_t read_some(int fd, char* buffer, std::size_t size, std::string_view shown) {
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

/// A file or a folder that the host has opened beneath the session's roots. All functions throw
/// Failure.
struct File {
    Fd fd;
    std::string path;     ///< absolute, without symbolic links
    std::string shown;    ///< for people: relative to the workspace if it is inside
    std::string version;  ///< of a regular file: see Paths::write; empty: it does not exist

    /// Fills `buffer` from the current place. Fewer bytes mean the end of the file.
    [[nodiscard]] std::size_t get(char* buffer, std::size_t size) const {
        return read_some(fd.get(), buffer, size, shown);
    }
    /// The rest of the file, at most `most` bytes.
    [[nodiscard]] std::string get_all(std::size_t most) const {
        std::string content;
        while (content.size() < most) {
            const std::size_t before = content.size();
            const std::size_t wanted = std::min<std::size_t>(most - before, 256U << 10U);
            content.resize(before + wanted);
            const std::size_t n = get(&content[before], wanted);
            content.resize(before + n);
            if (n < wanted) break;
        }
        return content;
    }
    /// Writes all of `bytes`.
    void put(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t n = ::write(fd.get(), bytes.data(), bytes.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) throw system_failure("write " + shown, errno);
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }
};

/// The directories of the session, absolute and without symbolic links.
struct Roots {
    std::string workspace;
    std::vector<std::string> write, read;  ///< `read` includes `write`
    std::vector<std::string> skills;       ///< those that exist, in the order of search
    /// A folder with one skill, of a directory in the Agent Plugins form.
    struct PluginSkill {
        std::string plugin;
        std::string folder;
    };
    std::vector<PluginSkill> plugin_skills;  ///< searched last, in this order
};

/// Files of the session, opened by the host. All functions throw Failure, with the host's
/// explanation, when the host refuses. Cheap to make. With a Call it is valid until the function of
/// the tool returns; with the Host it may be used outside a call, without `write`.
class Paths {
public:
    explicit Paths(const Call& call) noexcept : call_(&call) {}
    explicit Paths(const Host& host) noexcept : host_(&host) {}

    /// A regular file or a folder, open for reading.
    [[nodiscard]] File read(std::string_view path) const { return open(path, "read"); }
    [[nodiscard]] File folder(std::string_view path) const { return open(path, "folder"); }
    /// The same as an open directory.
    [[nodiscard]] Directory directory(std::string_view path) const {
        File opened = folder(path);
        Directory directory(::fdopendir(opened.fd.get()));
        if (!directory) throw system_failure("open " + opened.shown, errno);
        (void)opened.fd.release();
        return directory;
    }
    /// An empty file. When the call returns TENON_OK, the host replaces the file at `path` by it;
    /// otherwise it is discarded. With `replaces` this fails unless the file still has that version
    /// (of an earlier `read` or `write`); an empty one means that there must be no file.
    [[nodiscard]] File write(std::string_view path,
                             const std::optional<std::string>& replaces = std::nullopt) const {
        JsonObject params;
        params.text("path", path).text("access", "write");
        if (replaces) params.text("replaces", *replaces);
        return opened(params);
    }

    [[nodiscard]] Roots roots() const {
        const Reply reply = ask("path.roots/1", "{}");
        const JsonView answer = reply.json();
        Roots roots{answer.text("workspace"),
                    answer.texts("write"),
                    answer.texts("read"),
                    answer.texts("skills"),
                    {}};
        for (const JsonView plugin : answer.objects("plugin_skills")) {
            for (std::string& folder : plugin.texts("folders"))
                roots.plugin_skills.push_back({plugin.text("plugin"), std::move(folder)});
        }
        return roots;
    }
    /// For each absolute path: whether a rule forbids to read it.
    [[nodiscard]] std::vector<bool> denied(const std::vector<std::string>& paths) const {
        std::vector<bool> out(paths.size(), false);
        if (paths.empty()) return out;
        const Reply reply = ask("path.filter/1", JsonObject().texts("paths", paths).json());
        for (const std::int64_t index : reply.json().integers("denied"))
            out.at(static_cast<std::size_t>(index)) = true;
        return out;
    }

private:
    [[nodiscard]] Reply ask(std::string_view method, std::string_view params) const {
        Reply reply =
            call_ != nullptr ? call_->request(method, params) : host_->request(method, params);
        if (!reply.ok()) throw Failure(reply.text, reply.rc);
        return reply;
    }
    [[nodiscard]] File opened(const JsonObject& params) const {
        const Reply reply = ask("path.open/1", params.json());
        const JsonView answer = reply.json();
        return {Fd(static_cast<int>(answer.integer("fd", -1))), answer.text("path"),
                answer.text("shown"), answer.text("version")};
    }
    [[nodiscard]] File open(std::string_view path, std::string_view access) const {
        return opened(JsonObject().text("path", path).text("access", access));
    }

    const Call* call_ = nullptr;
    const Host* host_ = nullptr;
};

}  // namespace sdk_1_1
}  // namespace tenon

#endif
