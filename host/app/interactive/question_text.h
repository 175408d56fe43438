#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/permission/asker.h"
#include "host/ui/style.h"

namespace tenon::app {

/// A permission question as it is put to a person.
struct QuestionText {
    std::vector<std::string> details;  ///< what exactly would run or change, to be printed above
    std::vector<std::string> lines;    ///< the question itself, and the keys
    std::string keys;                  ///< y n, and a p where a rule could be kept
};

struct QuestionView {
    std::filesystem::path config;     ///< the folder where `p` writes; empty: it is not offered
    std::filesystem::path workspace;  ///< where a change's path begins
    std::size_t width = 80;
    ui::Style style = ui::Style::kPlain;
};

/// `place` counts from 1, of `total` that stand in line. Reads the file that would be changed. What
/// models and tools wrote is made visible.
QuestionText question_text(const permission::Question& question, std::size_t place,
                           std::size_t total, const QuestionView& view);

}  // namespace tenon::app
