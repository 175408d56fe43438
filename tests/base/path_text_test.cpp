#include "host/base/path_text.h"

#include <gtest/gtest.h>

#include "host/base/utf8.h"

namespace tenon {
namespace {

TEST(PathText, GivesEveryPathATextOfItsOwnThatLeadsBackToItsBytes) {
    const std::pair<std::string, std::string> cases[] = {
        {"/home/x/w", "/home/x/w"},
        {"/home/\xC3\xA9t\xC3\xA9", "/home/\xC3\xA9t\xC3\xA9"},
        {"/home/caf\xE9", "file:///home/caf%E9"},
        {"/a b%41/\xFF", "file:///a%20b%2541/%FF"},
        {"file:///home/caf%E9", "file://file%3A///home/caf%25E9"},
        {"", ""},
    };
    for (const auto& [path, text] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(path_to_text(path), text);
        EXPECT_TRUE(utf8::is_valid(text));
        EXPECT_EQ(path_from_text(text), path);
    }
}

TEST(PathText, LeavesWhatIsNoEscapeAsItStands) {
    EXPECT_EQ(path_from_text("file:///a%zz%4"), "/a%zz%4");
    EXPECT_EQ(path_from_text("/a%41"), "/a%41");
}

}  // namespace
}  // namespace tenon
