#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/runs/run_folders.h"

namespace tenon::testing {

/// A small file system as the state directory of one shell script. Skips the test where no file
/// system can be mounted.
class DiskScript : public ::testing::Test {
protected:
    void SetUp() override {
        std::filesystem::create_directories(folders.state());
        Process probe({"/usr/bin/unshare", "-Urm", "/bin/sh", "-c",
                       "mount -t tmpfs none " + folders.state().string()},
                      folders.environment(), folders.workspace());
        if (probe.wait().code != 0)
            GTEST_SKIP() << "no file system can be mounted here: " << probe.errors;
    }

    /// In the script, "$@" is this command, `$state` the state directory, and `fill` and `free`
    /// fill it to the last byte and free it again.
    Process::Exit run(const ModelServer& server, const std::string& size, const std::string& script,
                      const std::vector<std::string>& command) {
        std::vector<std::string> words = {
            "/usr/bin/unshare",
            "-Urm",
            "/bin/bash",
            "-c",
            "mount -t tmpfs -o mode=0700,size=" + size + " none '" + folders.state().string() +
                "' && cd '" + folders.state().string() + "' && state=$PWD && cd '" +
                folders.workspace().string() +
                "' || exit 99\n"
                "fill() { cat /dev/zero >\"$state/full\" 2>/dev/null; true; }\n"
                "free() { rm -f \"$state/full\"; }\n" +
                script,
            "run"};
        words.insert(words.end(), command.begin(), command.end());
        Process program(words, folders.environment(&server), folders.workspace());
        const Process::Exit exit = program.wait();
        output = program.output;
        errors = program.errors;
        return exit;
    }

    const RunFolders folders;
    std::string output, errors;
};

}  // namespace tenon::testing
