#pragma once

#include <optional>
#include <string>

#include "plugins/file/host.h"

namespace tenon::file {

/// When the file is a PNG, JPEG, GIF or WebP image by its first bytes: adds it to the result of the
/// call, and returns the text of the result. Throws Failure when the host does not take it.
std::optional<std::string> read_image(const Host& host, const File& file);

}  // namespace tenon::file
