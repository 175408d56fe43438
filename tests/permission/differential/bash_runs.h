#pragma once

#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace tenon::permission::differential {

/// A command that bash ran: its name and its words. The last word of one named `ee` is its input.
using RanCommand = std::vector<std::string>;

/// Files of the directory in which texts run; each is a link to /dev/null.
inline const std::vector<std::string> kFiles = {"f", "g", "h"};
inline constexpr char kHome[] = "/h";

/// Whether running the text can touch only files of its own directory, and no other process.
bool is_harmless(const std::string& text);

/// Runs texts in a real bash that knows only stubs, in a directory that cannot be changed. One bash
/// runs many texts, each by `eval` in its own subshell. This is the same as `bash -c TEXT`: both
/// pass the text to parse_and_execute (bash's builtins/evalstring.c), in a process that has run no
/// other text. Compare `run_alone`. Root runs them as a user who owns nothing.
class Bash {
public:
    /// Repeatable: a stub fails or succeeds in the same way each time. Loops may then be endless.
    explicit Bash(bool repeatable = false);
    ~Bash();
    Bash(const Bash&) = delete;
    Bash& operator=(const Bash&) = delete;
    /// The commands that each text ran, in order as far as processes have an order.
    std::vector<std::vector<RanCommand>> run(const std::vector<std::string>& texts);
    /// The same by `bash -c`, one process for the text.
    std::vector<RanCommand> run_alone(const std::string& text);
    /// Texts that did not end and were stopped. The commands that ran before are known.
    [[nodiscard]] const std::vector<std::string>& endless() const { return endless_; }

private:
    class Output;
    static bool read_all(int fd, Output& output);
    bool collect(const std::vector<std::string>& arguments, Output& output);

    testing::TempDir dir_;
    bool repeatable_;
    std::vector<std::string> endless_;
};

}  // namespace tenon::permission::differential
