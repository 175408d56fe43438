#include "host/plugins/private_copy.h"

#include <fcntl.h>
#include <memory>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <vector>

#include "host/base/atomic_file.h"
#include "host/base/unique_fd.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;
using plugin::Note;
using plugin::Refusal;

Refusal cannot_copy(const std::string& doing, int code) {
    return {Error::from_errno(doing, code).message,
            "check the state folder: space, owner and mode"};
}

/// A file that is removed at the end, unless `keep` was called.
class TemporaryFile {
public:
    explicit TemporaryFile(fs::path path) : path_(std::move(path)) {}
    ~TemporaryFile() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    [[nodiscard]] const fs::path& path() const { return path_; }
    void keep() { path_.clear(); }

private:
    fs::path path_;
};

/// Copies and hashes in one pass. The result is the hash in hexadecimal digits.
Result<std::string> copy_and_hash(int from, int to) {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                     EVP_MD_CTX_free);
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1)
        return Error{"start a SHA-256"};
    std::vector<char> buffer(256U << 10U);
    for (off_t at = 0;;) {
        const ssize_t n = ::pread(from, buffer.data(), buffer.size(), at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return Error::from_errno("read");
        if (n == 0) break;
        at += n;
        EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(n));
        if (auto written = write_all(to, {buffer.data(), static_cast<std::size_t>(n)}); !written)
            return written.error();
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context.get(), digest, &size);
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) {
        constexpr char kDigits[] = "0123456789abcdef";
        hex += kDigits[digest[i] >> 4U];
        hex += kDigits[digest[i] & 15U];
    }
    return hex;
}

Result<void, Refusal> make_private_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return cannot_copy("make " + folder.string(), error.value());
    if (::chmod(folder.c_str(), 0700) != 0) return cannot_copy("chmod " + folder.string(), errno);
    struct statvfs info {};
    if (::statvfs(folder.c_str(), &info) == 0 && (info.f_flag & ST_NOEXEC) != 0)
        return Refusal{"the folder " + folder.string() + " is on a file system mounted noexec",
                       "point TENON_STATE_DIR to one that is not"};
    return {};
}

}  // namespace

Result<fs::path, Refusal> private_copy(int fd, const Note& note, const fs::path& folder,
                                       unsigned generation) {
    if (auto made = make_private_folder(folder); !made) return made.error();
    TemporaryFile temporary(folder / ("." + note.id + "." + std::to_string(::getpid()) + "." +
                                      std::to_string(generation) + ".tmp"));
    ::unlink(temporary.path().c_str());  // left by a host that had the same process id
    const UniqueFd copy(
        ::open(temporary.path().c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!copy) return cannot_copy("create " + temporary.path().string(), errno);
    const auto hash = copy_and_hash(fd, copy.get());
    if (!hash)
        return Refusal{hash.error().while_doing("copy to " + temporary.path().string()).message,
                       "check the state folder"};
    const auto again = plugin::read_note(copy.get());
    if (!again || again->id != note.id)
        return Refusal{"the file changed while it was read", "try again when nothing writes to it"};
    fs::path place =
        folder / (note.id + "." + hash->substr(0, 12) + "." + std::to_string(generation) + ".so");
    if (::rename(temporary.path().c_str(), place.c_str()) != 0)
        return cannot_copy("rename to " + place.string(), errno);
    temporary.keep();
    return place;
}

}  // namespace tenon::plugins
