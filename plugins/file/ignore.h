#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/file/git_pattern.h"

/// The rules of .gitignore files, see gitignore(5). Pure functions of text.
namespace tenon::file {

/// The rules of one file. Only the last that matches counts.
class IgnoreFile {
public:
    enum class Verdict { kNothing, kIgnored, kKept };

    /// `folder` is where the rules hold: a path relative to the top, empty for the top itself.
    IgnoreFile(std::string folder, std::string_view text);
    /// `path` is relative to the top.
    [[nodiscard]] Verdict judge(std::string_view path, bool is_folder) const;

private:
    struct Rule {
        GitPattern pattern;
        bool keeps, only_folders;
    };
    std::string folder_;
    std::vector<Rule> rules_;
};

/// The files that apply to one folder, the nearest last: its rules come before those of the others.
class IgnoreStack {
public:
    void push(IgnoreFile file) { files_.push_back(std::move(file)); }
    [[nodiscard]] std::size_t size() const { return files_.size(); }
    void shrink(std::size_t size) {
        files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(size), files_.end());
    }
    /// Whether the files from `first` on ignore `path`. The caller must ask about the folders above
    /// it first: nothing below an ignored folder can be included again.
    [[nodiscard]] bool ignores(std::string_view path, bool is_folder, std::size_t first = 0) const;

private:
    std::vector<IgnoreFile> files_;
};

}  // namespace tenon::file
