#include "host/ui/retry_line.h"

#include <gtest/gtest.h>

#include "host/base/text_width.h"

namespace tenon::ui {
namespace {

using std::chrono::milliseconds;

TEST(RetryLine, NamesTheServerThatHasNotAnswered) {
    struct Row {
        int status;
        const char* failure;
        const char* reason;
    };
    for (const Row& row :
         {Row{0, "POST http://[::1]:8080/v1/messages: connect to [::1]:8080: Connection refused",
              "Connection refused ([::1]:8080)"},
          Row{0, "POST https://a.test/v1/messages: look up a.test: Name or service not known",
              "Name or service not known (a.test)"},
          Row{0, "connect to https://a.test: no answer in time", "no answer in time (a.test)"},
          Row{0,
              "POST https://a.test/v1 through proxy http://p:3128: connect to p:3128: "
              "Connection refused",
              "Connection refused (a.test through proxy p:3128)"},
          Row{0, "connect to x: Connection refused", "Connection refused"},
          Row{200, "POST http://a.test/v1: malformed answer: no type", "no type"},
          Row{529, "POST http://a.test/v1: HTTP 529", "overloaded (529)"}}) {
        EXPECT_EQ(retry_reason({1, 10, {}, row.status, row.failure}), row.reason);
    }
}

TEST(RetryLine, FitsIntoItsRowsAndKeepsNumberAndUnitTogether) {
    const agent::RetryScheduled failed{
        1, 10, {}, 0, "POST http://127.0.0.1:1/v1: Connection refused"};
    for (const std::size_t most : {1U, 2U, 50U}) {
        for (std::size_t columns = 12; columns < 90; ++columns) {
            SCOPED_TRACE(std::to_string(columns) + " columns, " + std::to_string(most) + " rows");
            const auto rows = retry_rows(failed, milliseconds(7000), columns, most);
            EXPECT_LE(rows.size(), most);
            EXPECT_EQ(rows.front().substr(0, 3), "Con");
            EXPECT_TRUE(rows.back().ends_with("7 s") || columns < 14) << rows.back();
            for (const std::string& row : rows)
                EXPECT_LE(width_of(row), columns);
        }
    }
}

}  // namespace
}  // namespace tenon::ui
