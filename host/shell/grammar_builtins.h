#pragma once

#include <string>
#include <string_view>

#include "host/shell/script.h"

/// Internal to grammar.h.
namespace tenon::shell::grammar {

/// Why a command of literal words is not fully understood; both are empty if it is.
struct BuiltinEffect {
    std::string opaque;        ///< it runs code from its words or its input
    std::string shell_change;  ///< it may change the meaning of other commands
};

/// Knows all builtins of bash 5.2: one that is not known to be harmless has an effect. The part has
/// words.
BuiltinEffect effect_of(const Part& part);

/// Whether it is cd, pushd or popd. The part has words.
bool changes_directory(const Part& part);

/// Whether bash itself reads or computes the variable, so that an assignment could run code or
/// change the shell.
bool is_variable_of_bash(std::string_view name);

}  // namespace tenon::shell::grammar
