#pragma once

#include <string>
#include <string_view>

#include "host/agent/message.h"
#include "host/base/result.h"

/// Images as models take them. Pure functions.
namespace tenon::agent {

/// The most bytes of an image in base64. The Messages API refuses more.
constexpr std::size_t kMaxImageData = std::size_t{5} << 20U;
/// The most bytes of an image file: its base64 then has kMaxImageData bytes.
constexpr std::size_t kMaxImageFile = kMaxImageData / 4 * 3;

/// The type of an image by its first bytes: image/png, image/jpeg, image/gif or image/webp. Empty:
/// it is none of these.
std::string image_type(std::string_view beginning);

/// The image in a file with these bytes. The Error says that it is none of the four types, or that
/// it is too large.
Result<Image> make_image(std::string_view file);

/// Why an image file of this size is too large: "it has 6.0 MB; …".
std::string too_large_image(std::uintmax_t bytes);

}  // namespace tenon::agent
