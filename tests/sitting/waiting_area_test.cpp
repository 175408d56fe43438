#include "host/sitting/waiting_area.h"

#include <gtest/gtest.h>

#include "host/base/text_width.h"

namespace tenon::sitting {
namespace {

using Rows = std::vector<std::string>;

Unfinished of_all_kinds() {
    Unfinished unfinished;
    unfinished.prompts = {"first of all", "then\nthis"};
    unfinished.todos = {{"read", false, true}, {"write", true, false}, {"test", false, false}};
    unfinished.subagents = {{"t1", "Find x", 988'000, 12'345}, {"t2", "", 999'000, 0}};
    unfinished.jobs = {{"0000000a", "npm test", 935'000}};
    unfinished.queued_jobs = 2;
    return unfinished;
}

WaitingView view(std::size_t width, std::size_t rows) {
    WaitingView view;
    view.width = width;
    view.rows = rows;
    view.now_ms = 1'000'000;
    view.is_redrawn = true;
    return view;
}

TEST(WaitingArea, ShowsPromptsTodosSubagentsAndJobs) {
    EXPECT_EQ(waiting_rows(of_all_kinds(), view(60, 12)),
              (Rows{"Queued: first of all", "Queued: then …  (Up: edit)", "[x] read", "[>] write",
                    "[ ] test", "○ Find x (12s, 12k tokens)", "○ subagent (1s)",
                    "○ job 0000000a npm test (1m05s)", "2 jobs queued"}));
    EXPECT_EQ(waiting_rows({}, view(60, 12)), Rows());
}

TEST(WaitingArea, KeepsTheMostImportantRows) {
    struct Row {
        std::size_t rows;
        Rows shown;
    };
    for (const Row& row : {
             Row{0, {}},
             Row{1, {"Queued: then … … +1"}},
             Row{2, {"Queued: first of all", "Queued: then …"}},
             Row{3, {"Queued: first of all", "Queued: then …", "[>] write … +2"}},
             Row{4,
                 {"Queued: first of all", "Queued: then …", "[>] write … +2",
                  "○ Find x (12s, 12k token… … +1"}},
         }) {
        SCOPED_TRACE(row.rows);
        EXPECT_EQ(waiting_rows(of_all_kinds(), view(30, row.rows)), row.shown);
    }
}

TEST(WaitingArea, ShowsAtMostSixTodosAroundTheCurrentOne) {
    struct Row {
        std::size_t current;
        Rows shown;
    };
    for (const Row& row : {
             Row{0, {"[>] 0", "[ ] 1", "[ ] 2", "[ ] 3", "[ ] 4", "… +15"}},
             Row{9, {"[x] 8", "[>] 9", "[ ] 10", "[ ] 11", "[ ] 12", "… +15"}},
             Row{19, {"[x] 15", "[x] 16", "[x] 17", "[x] 18", "[>] 19", "… +15"}},
         }) {
        SCOPED_TRACE(row.current);
        Unfinished unfinished;
        for (std::size_t i = 0; i < 20; ++i)
            unfinished.todos.push_back({std::to_string(i), i == row.current, i < row.current});
        EXPECT_EQ(waiting_rows(unfinished, view(40, 12)), row.shown);
    }
}

TEST(WaitingArea, SaysSinceWhenAJobRunsWhenItIsNotRedrawn) {
    Unfinished unfinished;
    unfinished.jobs = {{"0000000a", "serve", 1'000'000}};
    WaitingView idle = view(60, 12);
    idle.is_redrawn = false;
    const Rows rows = waiting_rows(unfinished, idle);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].find("○ job 0000000a serve (since "), 0U) << rows[0];
}

TEST(WaitingArea, FitsAnyWidthAndIsHarmless) {
    Unfinished unfinished = of_all_kinds();
    const std::string hostile = "\x1b[2J\x07 a very long text without an end \xe2\x80\xae";
    unfinished.prompts.push_back(hostile);
    unfinished.todos.push_back({hostile, false, false});
    unfinished.subagents.push_back({"t3", hostile, 0, 1});
    unfinished.jobs.push_back({"0000000b", hostile, 0});
    for (std::size_t width = 1; width <= 200; ++width) {
        SCOPED_TRACE(width);
        for (const std::string& row : waiting_rows(unfinished, view(width, 30))) {
            EXPECT_LE(width_of(row), std::max<std::size_t>(width, 20)) << row;
            EXPECT_EQ(row.find('\x1b'), std::string::npos);
            EXPECT_EQ(row.find('\x07'), std::string::npos);
            EXPECT_EQ(row.find("\xe2\x80\xae"), std::string::npos);
        }
    }
}

}  // namespace
}  // namespace tenon::sitting
