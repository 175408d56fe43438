#pragma once

#include <span>
#include <string_view>

/// The environment variables that the program reads, for documents. A test compares them with the
/// sources.
namespace tenon::config {

struct VariableSpec {
    std::string_view name;
    std::string_view meaning;  ///< whole sentences
};

/// The most important first.
std::span<const VariableSpec> environment_variables();

}  // namespace tenon::config
