#pragma once

#include <string>
#include <string_view>

#include "host/shell/script.h"

/// Internal to grammar.h; nobody else includes this.
namespace tenon::shell::grammar {

/// Why a command of literal words is not wholly understood, in one of two ways.
struct BuiltinEffect {
    std::string opaque;  ///< it runs what its words, or its input, say
    std::string beyond;  ///< it may change what other commands of the text mean
};

/// Works from the whole list of bash 5.2's builtins: one that is not known to be harmless has an
/// effect. The part has words.
BuiltinEffect effect_of(const Part& part);

/// cd, pushd or popd. The part has words.
bool changes_directory(const Part& part);

/// A variable that bash itself reads or computes: an assignment could run code, or change how the
/// shell works.
bool is_variable_of_bash(std::string_view name);

}  // namespace tenon::shell::grammar
