#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "host/base/result.h"

namespace tenon::plugins {

/// The SHA-256 of a text or of the content of an open file, as 64 hexadecimal digits.
std::string content_hash(std::string_view text);
Result<std::string> content_hash_of_file(int fd);
/// Appends the whole file `from` to `to`; the result is the hash of the bytes that were written.
/// Leaves the position of `from` alone.
Result<std::string> copy_with_content_hash(int from, int to);

/// The hashes of files, remembered from run to run in one file: a file with the same device, inode,
/// size and times has the same content. A file that was changed in the last seconds is hashed each
/// time, since a later change may leave its times as they are. For one thread.
class ContentHashes {
public:
    /// A file that cannot be read, or not be written later, costs time and nothing else.
    explicit ContentHashes(std::filesystem::path file);
    /// Writes the file when something was added.
    ~ContentHashes();
    ContentHashes(const ContentHashes&) = delete;
    ContentHashes& operator=(const ContentHashes&) = delete;

    Result<std::string> of(int fd);

private:
    const std::filesystem::path file_;
    std::map<std::string, std::string> known_;  // what identifies a file → its hash
    bool has_changed_ = false;
};

}  // namespace tenon::plugins
