#pragma once

#include <filesystem>
#include <vector>

#include "host/config/rule_file.h"
#include "host/permission/asker.h"
#include "host/terminal/terminal.h"
#include "host/ui/style.h"

namespace tenon::sitting {

/// A permission question as it is put to a person.
struct QuestionText {
    terminal::Question shown;  ///< without its number
    /// For each offer that `p` can keep: which one it is, and the lines that it writes.
    struct Kept {
        std::size_t offer = 0;
        config::RuleLines lines;
    };
    std::vector<Kept> kept;
};

struct QuestionView {
    std::filesystem::path config;     ///< the directory where `p` writes; empty: it is not offered
    std::filesystem::path workspace;  ///< where a change's path begins
    std::size_t width = 80;
    ui::Style style = ui::Style::kPlain;
};

/// `place` counts from 1, of `total` that stand in line. Reads the file that would be changed, and
/// the one that `p` writes. What models and tools wrote is made visible.
QuestionText question_text(const permission::Question& question, std::size_t place,
                           std::size_t total, const QuestionView& view);

/// The line above a question: "2 of 3 · the subagent 'docs' · bash wants to run `make`". On a
/// narrow screen the name comes first.
std::string question_title(const permission::Question& question, std::size_t place,
                           std::size_t total, const QuestionView& view);

}  // namespace tenon::sitting
