#pragma once

#include <gmock/gmock.h>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "host/cli/doctor.h"

namespace tenon::cli {

constexpr auto kOk = CheckStatus::kOk;
constexpr auto kWarning = CheckStatus::kWarning;
constexpr auto kError = CheckStatus::kError;

inline void PrintTo(const Check& check, std::ostream* out) {
    *out << check.name << " " << static_cast<int>(check.status) << ": " << check.found << " ["
         << check.remedy << "]";
}

template <class Found, class Remedy>
auto is_check(const char* name, CheckStatus status, Found found, Remedy remedy) {
    using ::testing::Field;
    return ::testing::AllOf(
        Field("name", &Check::name, name), Field("status", &Check::status, status),
        Field("found", &Check::found, found), Field("remedy", &Check::remedy, remedy));
}

inline auto is_ok(const char* name, const std::string& found) {
    return is_check(name, kOk, ::testing::HasSubstr(found), ::testing::IsEmpty());
}

inline const Check& check_named(const Checks& checks, const std::string& name) {
    static const Check kNone;
    for (const Check& check : checks)
        if (check.name == name) return check;
    ADD_FAILURE() << "no check has the name " << name;
    return kNone;
}

}  // namespace tenon::cli
