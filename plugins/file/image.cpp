#include "plugins/file/image.h"

#include <sys/stat.h>
#include <unistd.h>

namespace tenon::file {
namespace {

/// Far more than a model takes; the host says what its limit is.
constexpr off_t kMaxImageBytes = off_t{32} << 20;

bool looks_like_image(std::string_view beginning) {
    const auto begins = [&](std::string_view magic, std::size_t at = 0) {
        return beginning.size() >= at + magic.size() &&
               beginning.compare(at, magic.size(), magic) == 0;
    };
    return begins("\x89PNG\r\n\x1A\n") || begins("\xFF\xD8\xFF") || begins("GIF87a") ||
           begins("GIF89a") || (begins("RIFF") && begins("WEBP", 8));
}

}  // namespace

std::optional<std::string> read_image(const Host& host, const File& file) {
    char beginning[12];
    const ssize_t count = ::pread(file.fd.get(), beginning, sizeof beginning, 0);
    if (count <= 0 || !looks_like_image({beginning, static_cast<std::size_t>(count)}))
        return std::nullopt;
    struct stat info {};
    if (::fstat(file.fd.get(), &info) != 0) throw system_failure("stat " + file.shown, errno);
    if (info.st_size > kMaxImageBytes)
        throw Failure(file.shown + " is an image of more than 32 MiB; make it smaller first.");
    const std::string bytes = file.get_all(static_cast<std::size_t>(kMaxImageBytes));
    const std::string type = host.add_image(file.shown, bytes);
    return "[image " + file.shown + ": " + type + ", " + std::to_string(bytes.size()) + " bytes]";
}

}  // namespace tenon::file
