#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <vector>

#include "host/base/beneath.h"
#include "host/base/mutex.h"
#include "host/base/result.h"
#include "host/base/unique_fd.h"

namespace tenon::plugins {

/// A text that changes when the file is replaced or written.
std::string version_of(const struct stat& info);

/// An empty file that is to replace the file at a name in a folder, which may be missing. Until
/// then it has no name, or a temporary one where the file system needs it; the destructor removes
/// what is left.
class FileReplacement {
public:
    /// Where the file is to be put, and how messages name it.
    struct Target {
        Beneath::FolderEntry entry;
        std::string shown;
    };

    /// Error: what is there is no regular file, or may not be written, or `expected` is given and
    /// the file there does not have that version (empty: there must be no file).
    /// `copied`: whoever gets the descriptor may keep it, so another file with the same content is
    /// put in place.
    static Result<std::unique_ptr<FileReplacement>> open(
        Target target, bool copied, const std::optional<std::string>& expected);
    ~FileReplacement();
    FileReplacement(const FileReplacement&) = delete;
    FileReplacement& operator=(const FileReplacement&) = delete;

    /// The version of the file there when this one was opened; empty: there was none.
    [[nodiscard]] std::string version() const { return old_ ? version_of(*old_) : std::string(); }
    /// A descriptor of the new file for whoever writes it.
    [[nodiscard]] Result<UniqueFd> descriptor() const;
    [[nodiscard]] bool has_target_of(const FileReplacement& other) const;
    [[nodiscard]] const std::string& shown() const { return target_.shown; }

    /// The first half: everything that can fail before a file is replaced. The mode of the old file
    /// and, as far as the system permits it, its owner are taken over. Error also when the file
    /// there has changed since this one was opened.
    Result<void> prepare();
    /// The second half: puts the file in place in one step.
    Result<void> put();

private:
    FileReplacement(Target target, bool copied) : target_(std::move(target)), copied_(copied) {}

    [[nodiscard]] int folder() const { return target_.entry.folder.get(); }
    [[nodiscard]] Result<std::optional<struct stat>> look() const;
    Result<void> check_kind(const struct stat& info) const;
    [[nodiscard]] Error changed() const;
    Result<UniqueFd> make_file(bool never_named);
    Result<void> copy_content();
    Result<void> take_after_old() const;
    Result<void> check_unchanged() const;
    [[nodiscard]] int give_name(const std::string& name) const;
    Result<void> put_new();
    Result<void> put_over_old();

    Target target_;
    bool copied_;
    std::optional<struct stat> old_;
    UniqueFd file_;
    std::string temporary_;  // its name, if it has one
};

/// The files that one call has opened for writing.
class CallReplacements {
public:
    /// Error: there are too many.
    Result<void> add(std::unique_ptr<FileReplacement> replacement);
    /// Puts them in place in the order in which they were opened; of several for one path only the
    /// last. If one of them cannot be put, all of them are discarded where possible; the Error says
    /// which files were replaced before.
    Result<void> put_all();

private:
    Mutex mutex_;
    std::vector<std::unique_ptr<FileReplacement>> replacements_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::plugins
