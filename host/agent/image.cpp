#include "host/agent/image.h"

#include <algorithm>
#include <cstdio>

#include "host/base/base64.h"

namespace tenon::agent {
namespace {

constexpr std::size_t kMostPixels = 8'000;  // a side; the Messages API refuses more

/// A number of these bytes; 0 beyond the end.
std::size_t number_at(std::string_view bytes, std::size_t at, std::size_t count, bool big_endian) {
    std::size_t value = 0;
    if (at + count > bytes.size()) return 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t from = big_endian ? at + i : at + count - 1 - i;
        value = value << 8U | static_cast<unsigned char>(bytes[from]);
    }
    return value;
}

/// The longer side of a JPEG: it stands in the first frame header (SOF, ITU T.81).
std::size_t longer_side_of_jpeg(std::string_view file) {
    for (std::size_t at = 2; at + 9 < file.size() && file[at] == '\xFF';) {
        const std::size_t marker = number_at(file, at + 1, 1, true);
        const bool is_frame =
            marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (is_frame)
            return std::max(number_at(file, at + 5, 2, true), number_at(file, at + 7, 2, true));
        at += 2 + std::max<std::size_t>(number_at(file, at + 2, 2, true), 2);
    }
    return 0;
}

/// In pixels; 0: it is not known.
std::size_t longer_side(std::string_view file, std::string_view type) {
    if (type == "image/png" && file.size() > 16 && file.substr(12, 4) == "IHDR")
        return std::max(number_at(file, 16, 4, true), number_at(file, 20, 4, true));
    if (type == "image/gif")
        return std::max(number_at(file, 6, 2, false), number_at(file, 8, 2, false));
    return type == "image/jpeg" ? longer_side_of_jpeg(file) : 0;
}

}  // namespace

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
    if (const std::size_t side = longer_side(file, image.media_type); side > kMostPixels)
        return Error{"the image is " + std::to_string(side) +
                     " pixels wide or high; a model takes at most 8,000: make it smaller"};
    image.data = base64(file);
    return image;
}

}  // namespace tenon::agent
