#pragma once

#include <string>
#include <vector>

#include "host/permission/asker.h"

namespace tenon::app {

/// A permission question as it is put to a person.
struct QuestionText {
    std::vector<std::string> details;  ///< what exactly would run or change, to be printed above
    std::vector<std::string> lines;    ///< the question itself, and the keys
    std::string keys;                  ///< y n, and a p where a rule could be kept
};

/// `place` counts from 1, of `total` that stand in line. `config` is where `p` writes; empty: it is
/// not offered. Pure; what models and tools wrote is made visible.
QuestionText question_text(const permission::Question& question, std::size_t place,
                           std::size_t total, const std::string& config);

}  // namespace tenon::app
