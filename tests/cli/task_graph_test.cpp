#include "host/cli/task_graph.h"

#include <gtest/gtest.h>

#include "host/base/text_width.h"
#include "host/cli/screen.h"

namespace tenon::cli {
namespace {

using Lines = std::vector<std::string>;

/// Tasks 1, 2, … named a, b, …, with these dependencies.
std::vector<Task> tasks(int count, const std::vector<std::pair<int, int>>& edges) {
    std::vector<Task> out(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        out[i].id = i + 1;
        out[i].subject = std::string(1, static_cast<char>('a' + i % 26));
        out[i].status = "pending";
    }
    for (const auto& [from, to] : edges) {
        out[from - 1].blocks.insert(to);
        out[to - 1].blocked_by.insert(from);
    }
    return out;
}

TEST(TaskGraph, DrawsATreeForEachTaskThatWaitsForNone) {
    auto all = tasks(6, {{1, 2}, {1, 4}, {2, 3}});
    all[0].status = "in_progress";
    all[0].owner = "ann";
    all[4].status = "completed";
    EXPECT_EQ(drawn(all, 80), (Lines{"[>] 1: a (owner: ann)", "├─ [ ] 2: b", "│  └─ [ ] 3: c",
                                     "└─ [ ] 4: d", "[ ] 6: f", "[x] 5: e"}));
    EXPECT_EQ(drawn({}, 80), Lines());
}

TEST(TaskGraph, DrawsATaskOnceAndRefersToItElsewhere) {
    EXPECT_EQ(drawn(tasks(4, {{1, 2}, {1, 3}, {2, 4}, {3, 4}}), 80),
              (Lines{"[ ] 1: a", "├─ [ ] 2: b", "│  └─ [ ] 4: d (blocked by: 2, 3)", "└─ [ ] 3: c",
                     "   └─ 4 (above)"}));
}

TEST(TaskGraph, DrawsEveryTaskOfACycle) {
    EXPECT_EQ(drawn(tasks(3, {{1, 2}, {2, 1}}), 80),
              (Lines{"[ ] 3: c", "[ ] 1: a", "└─ [ ] 2: b", "   └─ 1 (above)"}));
}

TEST(TaskGraph, FitsTheScreenHoweverLongTheChain) {
    std::vector<std::pair<int, int>> edges;
    for (int i = 1; i < 2000; ++i)
        edges.emplace_back(i, i + 1);
    auto chain = tasks(2000, edges);
    chain[0].subject = std::string(200, 'x');
    for (const std::size_t columns : {20U, 80U, 200U}) {
        SCOPED_TRACE(columns);
        std::size_t drawn_tasks = 0;
        for (const std::string& line : drawn(chain, columns)) {
            EXPECT_LE(width_of(line), columns) << line;
            drawn_tasks += line.find("[ ]") != std::string::npos ? 1 : 0;
        }
        EXPECT_EQ(drawn_tasks, 2000U);
    }
}

TEST(TaskGraph, ShowsNoEscapeOfASubject) {
    auto all = tasks(1, {});
    all[0].subject = "a\x1b[31m\nb\"";
    EXPECT_EQ(drawn(all, 80), (Lines{R"([ ] 1: a\x1b[31m\x0ab")"}));
    EXPECT_NE(in_dot(all).find(R"("1: a\\x1b[31m\\x0ab\"")"), std::string::npos) << in_dot(all);
}

TEST(TaskGraph, IsWrittenForGraphviz) {
    auto all = tasks(3, {{1, 2}, {3, 2}});
    all[2].status = "completed";
    all[1].owner = "ann";
    EXPECT_EQ(in_dot(all),
              "digraph tasks {\n"
              "  rankdir=LR;\n"
              "  node [shape=box, style=\"rounded,filled\"];\n"
              "  1 [label=\"1: a\", fillcolor=white];\n"
              "  2 [label=\"2: b (ann)\", fillcolor=white];\n"
              "  3 [label=\"3: c\", fillcolor=lightgrey];\n"
              "  1 -> 2;\n"
              "  3 -> 2;\n"
              "}\n");
}

}  // namespace
}  // namespace tenon::cli
