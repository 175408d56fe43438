#include "host/sitting/sentence.h"

#include <gtest/gtest.h>

namespace tenon::sitting {
namespace {

TEST(Sentence, BeginsWithACapitalAndEndsWithAFullStop) {
    struct Row {
        const char *message, *line;
    };
    for (const Row& row :
         {Row{"there is no session '7'", "There is no session '7'."}, Row{"Over.", "Over."},
          Row{"what now?", "What now?"}, Row{"a file", "A file."}, Row{"", ""},
          Row{"plain.so has no name", "plain.so has no name."}, Row{"word", "word."},
          Row{"/tmp/x: No such file", "/tmp/x: No such file."}, Row{"error: x", "error: x."}}) {
        EXPECT_EQ(sentence(row.message), row.line);
    }
}

}  // namespace
}  // namespace tenon::sitting
