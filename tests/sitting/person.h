#pragma once

#include <fcntl.h>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/run_folders.h"
#include "tests/support/model_server/server.h"
#include "tests/support/pty.h"

namespace tenon::testing {

inline Json says(const std::string& text) {
    return {{"content", text}};
}
inline Json calls(const std::string& id, const std::string& tool, const Json& input) {
    return {{"content", {{{"type", "tool_use"}, {"id", id}, {"name", tool}, {"input", input}}}}};
}
inline Json expecting(Json step, const std::string& text) {
    step["expect"] = text;
    return step;
}

struct PersonOptions {
    std::vector<std::string> arguments = {};
    Environment environment = {};  ///< TERM is xterm unless it is set here
    Pty::Size size = {80, 24};
    std::string settings = {};  ///< tenon.properties of the user
    /// Files that are there before the program starts: path beneath the workspace, and content.
    std::vector<std::pair<std::string, std::string>> files = {};
    std::vector<std::string> program = {TENON_PROGRAM};
};

/// A command `cat gate` in the workspace runs until the test opens the gate.
class Gate {
public:
    explicit Gate(const std::filesystem::path& workspace) : path_(workspace / "gate") {
        if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
    }
    /// Waits until the command runs.
    void wait() { end_.reset(::open(path_.c_str(), O_WRONLY | O_CLOEXEC)); }
    void open(const std::string& output = {}) {
        (void)write_all(end_.get(), output);
        end_.reset();
    }

private:
    std::filesystem::path path_;
    UniqueFd end_;
};

/// A person at a pseudo-terminal with the real program; the model follows a script.
class Person {
public:
    explicit Person(std::initializer_list<Json> script, const PersonOptions& options = {})
        : server_(Json(std::vector<Json>(script)).dump()) {
        if (!options.settings.empty())
            sandbox.home.write(".config/tenon/tenon.properties", options.settings);
        for (const auto& [path, content] : options.files)
            sandbox.home.write("w/" + path, content);
        sit_down(options);
    }

    ~Person() {
        terminal_.reset();
        // A killed host leaves its jobs running.
        for (auto left = sandbox.processes(); !left.empty(); left = sandbox.processes()) {
            for (const pid_t pid : left)
                ::kill(pid, SIGKILL);
        }
    }
    Person(const Person&) = delete;
    Person& operator=(const Person&) = delete;

    /// Starts the program, again when it has ended.
    void sit_down(const PersonOptions& options = {}) {
        Environment environment = sandbox.environment(&server_);
        environment["TERM"] = "xterm-256color";
        for (const auto& [name, value] : options.environment)
            environment[name] = value;
        is_dumb_ = environment.at("TERM") == "dumb";
        std::vector<std::string> command = options.program;
        command.insert(command.end(), options.arguments.begin(), options.arguments.end());
        terminal_.reset();
        entered_at_ = 0;
        terminal_ = std::make_unique<Pty>(command, environment, sandbox.workspace(), options.size);
        EXPECT_TRUE(sees("/help lists")) << shown();
    }

    [[nodiscard]] Pty& terminal() { return *terminal_; }
    [[nodiscard]] ModelServer& server() { return server_; }
    [[nodiscard]] std::string shown() { return terminal_->everything(); }

    void types(const std::string& keys) { terminal_->send(keys); }
    void enters(const std::string& line) {
        entered_at_ = terminal_->raw().size();
        types(line + "\r");
    }
    /// Waits until the text is on the screen or in the scrollback.
    [[nodiscard]] bool sees(const std::string& text) {
        return terminal_->wait_until([&] { return shown().find(text) != std::string::npos; });
    }
    /// Waits until the question is shown and takes keys.
    [[nodiscard]] bool is_asked(const std::string& text) {
        return terminal_->wait_for(text) && takes_keys();
    }
    /// Waits until a question no longer waits for the keyboard to be quiet.
    [[nodiscard]] bool takes_keys() {
        return terminal_->wait_until([&] {
            const std::string screen = terminal_->screen();
            const auto lines = terminal_->lines();
            // It writes the rows of the question one after the other.
            if (is_dumb_) return !lines.empty() && lines.back() == "?";
            const bool shows_no = screen.find("n  no") != std::string::npos ||
                                  screen.find(" n no") != std::string::npos;
            return shows_no && screen.find("waits for quiet") == std::string::npos;
        });
    }
    /// Whether the row is the status line while a question takes keys: "2 questions · working 5s".
    [[nodiscard]] static bool states_a_question(const std::string& row) {
        static const std::regex question("^[0-9]+ question(?!.*waits for quiet).*");
        return std::regex_match(row, question);
    }
    /// Waits until the turn of the last entered line has ended. The text of its answer is shown
    /// before that. The title of the terminal tells when it began.
    [[nodiscard]] bool turn_is_over() {
        return terminal_->wait_until([&] {
            const std::string& raw = terminal_->raw();
            const auto began = raw.rfind("\033]2;tenon: working");
            if (began == std::string::npos || began < entered_at_) return false;
            const auto ended = raw.find("\033]2;tenon - ", began);
            if (ended == std::string::npos) return false;
            // The title is written at once, the screen a moment later.
            const auto end_of_title = raw.find("\033\\", ended);
            if (end_of_title == std::string::npos || end_of_title + 2 == raw.size()) return false;
            const auto lines = terminal_->lines();
            return !lines.empty() && lines.back().find("working") == std::string::npos;
        });
    }
    [[nodiscard]] bool is_asked_how_to_leave() {
        return terminal_->wait_until([&] {
            const auto lines = terminal_->lines();
            return terminal_->screen().find("c  cancel") != std::string::npos &&
                   states_a_question(lines.back());
        });
    }
    int leaves() { return terminal_->wait().code; }

    RunFolders sandbox;

private:
    ModelServer server_;
    std::unique_ptr<Pty> terminal_;
    std::size_t entered_at_ = 0;  // the bytes that the program had written
    bool is_dumb_ = false;        // the terminal, where a question ends in "? "
};

}  // namespace tenon::testing
