#pragma once

namespace tenon::testing {

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
