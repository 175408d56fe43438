#pragma once

#include <chrono>
#include <cstddef>

namespace tenon::testing {

/// How long a test waits for what must happen. A sanitizer's programs run up to ten times longer,
/// and a test that passes never waits so long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::chrono::seconds kPatience{300};
#else
inline constexpr std::chrono::seconds kPatience{60};
#endif

/// A test that does the same at every byte takes only each so many-th one under ThreadSanitizer,
/// which has seen all of its threads by then.
#if defined(__SANITIZE_THREAD__)
inline constexpr std::size_t kByteStep = 7;
#else
inline constexpr std::size_t kByteStep = 1;
#endif

/// UndefinedBehaviorSanitizer opens a pipe to check the first object of each type. When no
/// descriptor is left it reports an error in an object that has none.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitizerNeedsDescriptors = true;
#else
inline constexpr bool kSanitizerNeedsDescriptors = false;
#endif
inline constexpr char kWhySanitizerNeedsDescriptors[] =
    "the sanitizer would need a descriptor where none is left";

}  // namespace tenon::testing
