#include "host/agent/image.h"

#include <cstdio>

#include "host/base/base64.h"

namespace tenon::agent {

std::string image_type(std::string_view beginning) {
    using namespace std::string_view_literals;
    if (beginning.starts_with("\x89PNG\r\n\x1A\n"sv)) return "image/png";
    if (beginning.starts_with("\xFF\xD8\xFF"sv)) return "image/jpeg";
    if (beginning.starts_with("GIF87a"sv) || beginning.starts_with("GIF89a"sv)) return "image/gif";
    const bool is_riff = beginning.size() >= 12 && beginning.starts_with("RIFF"sv);
    return is_riff && beginning.substr(8, 4) == "WEBP"sv ? "image/webp" : "";
}

std::string too_large_image(std::uintmax_t bytes) {
    constexpr double kMegabyte = 1 << 20;
    char size[32];
    std::snprintf(size, sizeof size, "%.1f MB", static_cast<double>(bytes) / kMegabyte);
    return "the image has " + std::string(size) +
           "; a model takes at most 5 MB in base64, which are 3.75 MB in a file: make it smaller";
}

Result<Image> make_image(std::string_view file) {
    Image image{image_type(file), {}};
    if (image.media_type.empty()) return Error{"it is no PNG, JPEG, GIF or WebP image"};
    if (file.size() > kMaxImageFile) return Error{too_large_image(file.size())};
    image.data = base64(file);
    return image;
}

}  // namespace tenon::agent
