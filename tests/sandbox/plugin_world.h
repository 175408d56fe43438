#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <pwd.h>
#include <set>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "host/base/json.h"
#include "tests/sandbox/services.h"
#include "tests/support/process.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_dir.h"

/// The fixture `hostile` in processes that are confined like those of plugins.
namespace tenon::sandbox {

inline uid_t nobody_of_this_system() {
    const passwd* entry = ::getpwnam("nobody");  // NOLINT(concurrency-mt-unsafe)
    return entry == nullptr ? 65534 : entry->pw_uid;
}

/// A user's home, workspace and state, things outside, services, and a process outside, which
/// stands for the host.
class PluginWorld {
public:
    explicit PluginWorld(uid_t user = ::geteuid()) : user_(user) {
        namespace fs = std::filesystem;
        ::chmod(root_.path().c_str(), 0755);
        for (const char* name : {"outside", "services", "plugins", "granted"})
            fs::create_directory(root_ / name);
        services_.emplace(root_ / "services");
        root_.write("home/.ssh/id", "secret\n");
        root_.write("home/.config/tenon/tenon.xml", "<tenon><!-- empty --></tenon>\n");
        root_.write("granted/file", "granted\n");
        root_.write("w/readable", "readable\n");
        root_.write("w/removable", "removable\n");
        root_.write("w/private/key", "key of the workspace\n");
        root_.write("w/.git/HEAD", "ref: refs/heads/main\n");
        root_.write("w/.git/hooks/pre-commit", "#!/bin/sh\n");
        root_.write("w/.tenon/tenon.xml", "<tenon><!-- empty --></tenon>\n");
        fs::create_directory(root_ / "w/.git/objects");
        root_.write("state/sessions/s.jsonl", "{\"v\":1}\n");
        root_.write("state/plugin-data/other/data", "of another plugin\n");
        fs::create_directory(root_ / "state/plugin-data/hostile");
        fs::create_directory(root_ / "state/jobs");
        for (const char* name : {"state", "state/jobs", "state/plugin-data/hostile"})
            ::chmod((root_ / name).c_str(), 0700);
        fs::copy_file(TENON_ESCAPE, root_ / "escape");
        fs::copy_file(TENON_PLUGIN_PROCESS, root_ / "plugin_process");
        fs::copy_file(TENON_FIXTURES "/hostile.so", root_ / "plugins/hostile.so");
        testing::Process({TENON_ESCAPE, "prepare", at("outside")}, {}, "/").wait();
        if (user_ != ::geteuid()) give_away();
        outsider_ = std::make_unique<testing::Process>(as_user({"/bin/sleep", "1000"}),
                                                       environment(), root_ / "outside");
    }

    struct ToolCall {
        std::string tool;
        Json arguments = Json::object();
    };
    /// One line for each call.
    std::vector<std::string> call(const std::vector<ToolCall>& calls,
                                  const std::vector<std::string>& options = {}) {
        std::vector<std::string> words{at("plugin_process"), "plugin_dir=" + at("plugins"),
                                       "state_dir=" + own()};
        if (workspace_is_readable) words.push_back("workspace=" + at("w"));
        words.insert(words.end(), options.begin(), options.end());
        words.insert(words.end(), {"--", at("plugins/hostile.so"), "hostile"});
        for (const ToolCall& one : calls) {
            words.push_back(one.tool);
            words.push_back(dump_json(one.arguments));
        }
        words.insert(words.begin(), wrapper.begin(), wrapper.end());
        testing::Process process(as_user(words), environment(), root_ / "w");
        process.wait(std::chrono::seconds(3) * testing::kPatience.count());
        errors += process.errors;
        std::vector<std::string> lines;
        std::istringstream in(process.output);
        for (std::string line; std::getline(in, line);)
            lines.push_back(line);
        return lines;
    }
    std::string call_one(const std::string& tool, Json arguments,
                         const std::vector<std::string>& options = {}) {
        const auto lines = call({{tool, std::move(arguments)}}, options);
        return lines.size() == 1 ? lines.front() : std::to_string(lines.size()) + " lines";
    }
    std::string read(const std::string& path, const std::vector<std::string>& options = {}) {
        return call_one("read", {{"path", path}}, options);
    }
    std::string write(const std::string& path, const std::vector<std::string>& options = {}) {
        return call_one("write", {{"path", path}}, options);
    }

    /// The names of all ways out.
    std::vector<std::string> ways() {
        std::vector<std::string> names;
        std::istringstream words(call_one("ways", Json::object(), {"confine=no"}));
        for (std::string name; words >> name;)
            names.push_back(name);
        return names;
    }
    /// What the ways reach for.
    [[nodiscard]] Json targets(const std::string& way) const {
        return {{"way", way},
                {"outside", at("outside")},
                {"workspace", at("w")},
                {"own", own()},
                {"secret", at("home/.ssh/id")},
                {"state", at("state")},
                {"config", at("home/.config/tenon")},
                {"socket", services_->stream_file.string()},
                {"datagrams", services_->datagram_file.string()},
                {"abstract", services_->abstract_name},
                {"tcp", services_->tcp},
                {"udp", services_->udp},
                {"outsider", outsider_->pid()}};
    }
    /// The ways that have changed something outside.
    std::string changed() {
        testing::Process process({TENON_ESCAPE, "check", at("outside")}, environment(), "/");
        process.wait();
        return process.output;
    }
    /// What a plugin must not change, as text.
    [[nodiscard]] std::string guarded() const {
        std::string text;
        for (const char* name :
             {"w/readable", "w/removable", "w/.git/hooks/pre-commit", "w/.tenon/tenon.xml",
              "home/.config/tenon/tenon.xml", "home/.ssh/id", "state/sessions/s.jsonl",
              "state/plugin-data/other/data"})
            text += std::string(name) + ": " + root_.read(name);
        std::set<std::string> names;
        for (const char* top : {"w", "home", "granted"})
            for (const auto& entry : std::filesystem::recursive_directory_iterator(root_ / top))
                names.insert(entry.path().string());
        for (const std::string& name : names)
            text += name + " " + std::to_string(testing::mode_of(name)) + "\n";
        return text;
    }

    [[nodiscard]] std::string at(const std::string& name) const { return (root_ / name).string(); }
    /// The plugin's state directory.
    [[nodiscard]] std::string own() const { return at("state/plugin-data/hostile"); }
    [[nodiscard]] int tcp() const { return services_->tcp; }
    [[nodiscard]] pid_t outsider() const { return outsider_->pid(); }
    bool workspace_is_readable = true;
    std::vector<std::string> wrapper;  ///< a command that starts the program
    std::string errors;

private:
    void give_away() {
        namespace fs = std::filesystem;
        for (const char* name : {"home", "w", "outside", "state", "granted"}) {
            ::lchown((root_ / name).c_str(), user_, user_);
            for (const auto& entry : fs::recursive_directory_iterator(root_ / name))
                ::lchown(entry.path().c_str(), user_, user_);
        }
    }
    [[nodiscard]] std::vector<std::string> as_user(std::vector<std::string> command) const {
        if (user_ == ::geteuid()) return command;
        command.insert(command.begin(), {at("escape"), "as-user", std::to_string(user_)});
        return command;
    }
    [[nodiscard]] testing::Environment environment() const {
        return {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                {"HOME", at("home")},
                {"TMPDIR", own()},
                {"LANG", "C.UTF-8"},
                {"ASAN_OPTIONS", "detect_leaks=0"}};
    }

    testing::TempDir root_;
    uid_t user_;
    std::optional<Services> services_;
    std::unique_ptr<testing::Process> outsider_;
};

}  // namespace tenon::sandbox
