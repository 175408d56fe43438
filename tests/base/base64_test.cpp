#include "host/base/base64.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

/// The examples of RFC 4648, section 10, and bytes above 0x7F.
TEST(Base64, IsThatOfTheStandard) {
    for (const auto& [bytes, text] : std::vector<std::pair<std::string, std::string>>{
             {"", ""},
             {"f", "Zg=="},
             {"fo", "Zm8="},
             {"foo", "Zm9v"},
             {"foob", "Zm9vYg=="},
             {"fooba", "Zm9vYmE="},
             {"foobar", "Zm9vYmFy"},
             {std::string("\xFF\xFE\0\x80", 4), "//4AgA=="},
         }) {
        SCOPED_TRACE(text);
        EXPECT_EQ(base64(bytes), text);
    }
}

}  // namespace
}  // namespace tenon
