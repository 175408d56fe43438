#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/permission/needs.h"
#include "host/permission/rules.h"

/// Inside of the gate: the words of questions and refusals.
namespace tenon::permission {

/// "a", "a and b", "a, b and c"
std::string enumerated(const std::vector<std::string>& items);

/// What a question or a refusal names at most; the rest is counted.
constexpr std::size_t kMostItems = 100;

/// Different texts in the order in which they came.
class QuestionItems {
public:
    void add(std::string text) {
        if (std::find(items_.begin(), items_.end(), text) != items_.end()) return;
        if (items_.size() < kMostItems)
            items_.push_back(std::move(text));
        else
            ++left_out_;
    }
    std::vector<std::string> take() && {
        if (left_out_ > 0)
            items_.push_back("do more than that (parts left out: " + std::to_string(left_out_) +
                             ")");
        return std::move(items_);
    }

private:
    std::vector<std::string> items_;
    std::size_t left_out_ = 0;
};

/// How to allow what is open, for a run in which nobody can be asked.
std::string advice(const std::vector<const Need*>& open, const std::filesystem::path& workspace);

std::string named(const Rule& rule);

/// The head and the tail of a long text. Only for messages to a model: a person is shown all of it.
std::string shortened(const std::string& text);

}  // namespace tenon::permission
