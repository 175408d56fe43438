#pragma once

#include <chrono>
#include <string>

namespace tenon {

/// `0.5 s` below a second, then `12 s`, `2 min 5 s`, `1 h 2 min`.
std::string duration_text(std::chrono::milliseconds time);

}  // namespace tenon
