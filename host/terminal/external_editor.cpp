#include "host/terminal/external_editor.h"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>

#include "host/base/atomic_file.h"
#include "host/base/unique_fd.h"
#include "host/terminal/key_decoder.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kLongestText = KeyDecoder::kMaxPaste;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    const std::string text = value == nullptr ? "" : value;
    return text.find_first_not_of(" \t") == std::string::npos ? "" : text;
}

bool is_in_path(std::string_view program) {
    std::string path = variable("PATH");
    while (!path.empty()) {
        const auto colon = std::min(path.find(':'), path.size());
        const auto file = std::filesystem::path(path.substr(0, colon)) / program;
        if (::access(file.c_str(), X_OK) == 0) return true;
        path.erase(0, colon + 1);
    }
    return false;
}

Result<std::string> editor_command() {
    for (const char* name : {"VISUAL", "EDITOR"})
        if (std::string command = variable(name); !command.empty()) return command;
    for (const std::string program : {"vi", "nano"})
        if (is_in_path(program)) return program;
    return Error{"no editor was found: set VISUAL or EDITOR"};
}

/// A file with a text, removed by the destructor.
class TextFile {
public:
    static Result<TextFile> make(std::string_view text) {
        const std::string folder = variable("TMPDIR");
        std::string path =
            (std::filesystem::path(folder.empty() ? "/tmp" : folder) / "tenon-XXXXXX.md").string();
        constexpr int kSuffix = 3;
        const UniqueFd fd(::mkostemps(path.data(), kSuffix, O_CLOEXEC));  // with mode 0600
        if (!fd) return Error::from_errno("make the file " + path + " for the editor");
        TextFile file(std::move(path), std::string(text));
        if (auto written = write_all(fd.get(), text); !written)
            return written.error().while_doing("write " + file.path_);
        return file;
    }
    TextFile(TextFile&& other) noexcept
        : path_(std::exchange(other.path_, {})), written_(std::move(other.written_)) {}
    TextFile& operator=(TextFile&&) = delete;
    ~TextFile() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    /// The file stays if it has another text than at first. What an error message says about it.
    std::string keep_if_changed() {
        const auto now = read_whole_file(path_, kLongestText);
        if (now && *now == written_) return {};
        if (::access(path_.c_str(), F_OK) != 0) return {};
        return "; the changed text is in " + std::exchange(path_, {});
    }

private:
    TextFile(std::string path, std::string text)
        : path_(std::move(path)), written_(std::move(text)) {}

    std::string path_;
    std::string written_;
};

std::string end_in_words(int code) {
    if (code == 126) return "cannot be run";
    if (code == 127) return "was not found";
    if (code > 128) return "was ended by signal " + std::to_string(code - 128);
    return "ended with exit code " + std::to_string(code);
}

}  // namespace

Result<std::string> edit_in_editor(std::string_view text,
                                   const std::function<Result<int>(const OutsideProgram&)>& run) {
    const auto command = editor_command();
    if (!command) return command.error();
    auto file = TextFile::make(text.empty() ? "" : std::string(text) + "\n");
    if (!file) return file.error();
    const auto code = run({*command, {file->path()}});
    if (!code) return Error{code.error().message + file->keep_if_changed()};
    if (*code != 0)
        return Error{"the editor (" + *command + ") " + end_in_words(*code) +
                     file->keep_if_changed()};
    auto edited = read_whole_file(file->path(), kLongestText);
    if (!edited) return Error{edited.error().message + file->keep_if_changed()};
    std::string line = without_controls(*edited);
    if (line.ends_with('\n')) line.pop_back();
    return line;
}

}  // namespace tenon::terminal
