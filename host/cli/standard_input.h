#pragma once

#include <string>

#include "host/base/result.h"

namespace tenon::cli {

/// The bytes of standard input, or of another descriptor, up to its end; at most 32 MiB. Empty when
/// the program was started without a standard input. Blocks.
Result<std::string> read_to_end(int fd);

}  // namespace tenon::cli
