#pragma once

#include <string>

#include "host/base/result.h"

namespace tenon::plugins {

/// The SHA-256 of an open file from its beginning to its end, as 64 lower-case hexadecimal digits.
/// Leaves the position of the descriptor alone. Blocks on the file.
Result<std::string> sha256_of(int fd);

/// Appends the whole file `from` to `to`; the result is the SHA-256 of the bytes that were written.
Result<std::string> copy_with_sha256(int from, int to);

}  // namespace tenon::plugins
