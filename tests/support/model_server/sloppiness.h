#pragma once

#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/json.h"

namespace tenon::testing {

/// Something that servers are known to do wrong.
struct Defect {
    const char* name;
    const char* formats;  ///< in which it can occur: a (Messages), c (Chat Completions), r
                          ///< (Responses)
    const char* what;
};

/// All of them. The sources are reference/openai-compat.md, sections 3 and 4, and
/// reference/messages-api.md, section 8a.
std::span<const Defect> all_defects();
bool is_defect(std::string_view name);
/// Whether the defect can occur in a wire format, which is named as in `model.provider`.
bool occurs_in(const Defect& defect, std::string_view format);

// ---------------------------------------------------------------- for the formats

/// The content of an answer with the call ids and the blank text that the defects ask for.
OrderedJson sloppy_content(const OrderedJson& content, const std::set<std::string>& defects);
/// Pieces of a text, or of JSON, with the defects of pieces. See `finish_event`.
std::vector<std::string> sloppy_pieces(std::string_view text, std::size_t characters,
                                       const std::set<std::string>& defects);
/// The JSON text of an event: halves of surrogate pairs are put in their places.
std::string finish_event(std::string text);

}  // namespace tenon::testing
