#include "host/plugins/content_hash.h"

#include <ctime>
#include <memory>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>
#include <vector>

#include "host/base/atomic_file.h"
#include "host/base/json.h"
#include "host/base/private_dirs.h"

namespace tenon::plugins {
namespace {

constexpr std::size_t kMaxRemembered = 4096;
constexpr std::size_t kMaxHashesFile = 1U << 20U;
constexpr std::int64_t kSettledAfterSeconds = 3;

class Sha256 {
public:
    Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
        EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
    }
    void add(const void* bytes, std::size_t count) {
        EVP_DigestUpdate(context_.get(), bytes, count);
    }
    std::string digits() {
        constexpr char kDigits[] = "0123456789abcdef";
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned int size = 0;
        EVP_DigestFinal_ex(context_.get(), digest, &size);
        std::string hex;
        for (unsigned int i = 0; i < size; ++i) {
            hex += kDigits[digest[i] >> 4U];
            hex += kDigits[digest[i] & 15U];
        }
        return hex;
    }

private:
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

/// Hashes and, where `to` is a descriptor, copies in one pass.
Result<std::string> hash_and_copy(int from, int to) {
    Sha256 sum;
    std::vector<char> buffer(256U << 10U);
    for (off_t at = 0;;) {
        const ssize_t n = ::pread(from, buffer.data(), buffer.size(), at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return Error::from_errno("read the file");
        if (n == 0) return sum.digits();
        at += n;
        const std::string_view part(buffer.data(), static_cast<std::size_t>(n));
        sum.add(part.data(), part.size());
        if (to < 0) continue;
        if (auto written = write_all(to, part); !written) return written.error();
    }
}

std::string time_key(const timespec& time) {
    return ":" + std::to_string(time.tv_sec) + "." + std::to_string(time.tv_nsec);
}

/// What identifies the content of a file; the time of its last change is among it, which no program
/// can set.
std::string identity_of(const struct stat& info) {
    return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + ":" +
           std::to_string(info.st_size) + time_key(info.st_mtim) + time_key(info.st_ctim);
}

}  // namespace

std::string content_hash(std::string_view text) {
    Sha256 sum;
    sum.add(text.data(), text.size());
    return sum.digits();
}

Result<std::string> content_hash_of_file(int fd) {
    return hash_and_copy(fd, -1);
}

Result<std::string> copy_with_content_hash(int from, int to) {
    return hash_and_copy(from, to);
}

ContentHashes::ContentHashes(std::filesystem::path file) : file_(std::move(file)) {
    const auto text = read_whole_file(file_, kMaxHashesFile);
    if (!text) return;
    const Json json = json_or_null(*text);
    if (integer_or(json, "v", 0) != 1) return;
    for (const auto& [identity, hash] : member(json, "files").items())
        if (const std::string* digits = string_in(hash)) known_[identity] = *digits;
}

ContentHashes::~ContentHashes() {
    if (!has_changed_) return;
    Json files = Json::object();
    for (const auto& [identity, hash] : known_)
        files[identity] = hash;
    std::ignore = make_private_dirs(file_.parent_path());
    std::ignore = write_file_atomically(
        file_, dump_json(Json{{"v", 1}, {"files", std::move(files)}}), Sync::kNo);
}

Result<std::string> ContentHashes::of(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return Error::from_errno("stat the file");
    const std::string identity = identity_of(info);
    if (const auto found = known_.find(identity); found != known_.end()) return found->second;
    auto hash = content_hash_of_file(fd);
    if (hash && info.st_ctim.tv_sec + kSettledAfterSeconds < ::time(nullptr)) {
        if (known_.size() >= kMaxRemembered) known_.clear();
        known_[identity] = *hash;
        has_changed_ = true;
    }
    return hash;
}

}  // namespace tenon::plugins
