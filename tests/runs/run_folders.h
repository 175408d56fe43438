#pragma once

#include <algorithm>
#include <filesystem>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): getenv
#include <string>
#include <vector>

#include "host/base/ids.h"
#include "tests/support/model_server/server.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace tenon::testing {

/// A wire format as a part of a test's name.
inline std::string name_of_format(std::string format) {
    std::replace(format.begin(), format.end(), '-', '_');
    return format;
}

/// A temporary home, workspace and state folder for runs of the real program, and a variable in
/// their environment that identifies the processes which they start.
class RunFolders {
public:
    RunFolders() { std::filesystem::create_directories(workspace()); }

    TempDir home;
    [[nodiscard]] std::filesystem::path workspace() const { return home / "w"; }
    [[nodiscard]] std::filesystem::path state() const { return home / "state"; }

    /// With a server also its address and a key, for a wire format that `model.provider` names, and
    /// the name of a model.
    [[nodiscard]] Environment environment(const ModelServer* server = nullptr,
                                          const std::string& format = "anthropic") const {
        Environment variables = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                 {"HOME", home.path().string()},
                                 {"LANG", "C.UTF-8"},
                                 {"TENON_STATE_DIR", state().string()},
                                 {"TENON_TEST_MARK", mark_}};
        for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
            if (const char* value = ::getenv(name))
                variables[name] = value;  // NOLINT(concurrency-mt-unsafe)
        }
        if (server != nullptr) {
            const std::string vendor = format == "anthropic" ? "ANTHROPIC" : "OPENAI";
            variables[vendor + "_BASE_URL"] = server->url();
            variables[vendor + "_API_KEY"] = "test-key-0123456789";
            variables["TENON_MODEL"] = "test-model";
        }
        return variables;
    }
    /// The processes of the runs that are still there.
    [[nodiscard]] std::vector<pid_t> processes() const {
        return processes_with("TENON_TEST_MARK", mark_);
    }

private:
    std::string mark_ = random_hex(16);
};

}  // namespace tenon::testing
