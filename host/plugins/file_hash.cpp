#include "host/plugins/file_hash.h"

#include <cerrno>
#include <memory>
#include <openssl/evp.h>
#include <unistd.h>
#include <vector>

#include "host/base/atomic_file.h"

namespace tenon::plugins {
namespace {

std::string hexadecimal(const unsigned char* digest, unsigned int size) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) {
        hex += kDigits[digest[i] >> 4U];
        hex += kDigits[digest[i] & 15U];
    }
    return hex;
}

/// Hashes and, where `to` is a descriptor, copies in one pass.
Result<std::string> hash_and_copy(int from, int to) {
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
        if (to < 0) continue;
        if (auto written = write_all(to, {buffer.data(), static_cast<std::size_t>(n)}); !written)
            return written.error();
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context.get(), digest, &size);
    return hexadecimal(digest, size);
}

}  // namespace

Result<std::string> sha256_of(int fd) {
    return hash_and_copy(fd, -1);
}

Result<std::string> copy_with_sha256(int from, int to) {
    return hash_and_copy(from, to);
}

}  // namespace tenon::plugins
