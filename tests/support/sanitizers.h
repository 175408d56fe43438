#pragma once

/// What a test must know of the sanitizer that it runs under.
namespace tenon::testing {

/// UndefinedBehaviorSanitizer opens a pipe to look at an object of a type that it has not met yet.
/// Where no descriptor is left it reports the object itself, which is fine.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitizerNeedsDescriptors = true;
#else
inline constexpr bool kSanitizerNeedsDescriptors = false;
#endif
inline constexpr char kSanitizerTakesItForABadObject[] =
    "the sanitizer would need a descriptor where none is left";

}  // namespace tenon::testing
