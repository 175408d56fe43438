#pragma once

#include <filesystem>
#include <vector>

#include "host/config/rule_file.h"
#include "host/permission/asker.h"
#include "host/terminal/terminal.h"
#include "host/ui/style.h"

namespace tenon::sitting {

/// The text of a permission question.
struct QuestionText {
    terminal::ShownQuestion shown;    ///< without its number
    std::vector<std::string> change;  ///< the part of the subject that is a diff; may be empty
    /// An offered rule that `p` can keep, and the lines that it writes.
    struct KeptOffer {
        std::size_t offer = 0;  ///< index in the question's offers
        config::RuleLines lines;
    };
    std::vector<KeptOffer> kept;
};

struct QuestionView {
    std::filesystem::path config;     ///< the directory where `p` writes; empty: no `p`
    std::filesystem::path workspace;  ///< the base of the path of a changed file
    std::size_t width = 80;
    ui::Style style = ui::Style::kPlain;
};

/// `place` counts from 1, among the `total` questions that wait. Reads the file that would be
/// changed and the one that `p` writes. Text of models and tools is made harmless (base/untrusted).
QuestionText question_text(const permission::Question& question, std::size_t place,
                           std::size_t total, const QuestionView& view);

/// The title of a question: "2 of 3 · the subagent 'docs' · bash wants to run `make`". On a narrow
/// screen the name comes first.
std::string question_title(const permission::Question& question, std::size_t place,
                           std::size_t total, const QuestionView& view);

}  // namespace tenon::sitting
