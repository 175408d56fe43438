#pragma once

#include <string>

/// Text for the model between `<tag>` and `</tag>`, each with a line of its own.
namespace tenon::session {

/// The text cannot end its own block: `<` before its end tag is written `&lt;`. `attributes` begins
/// with a blank, or is empty.
std::string tagged_text(const std::string& tag, std::string text,
                        const std::string& attributes = {});

/// What tagged_text() was given, without attributes, and without the line feed at its end. Empty:
/// `text` has no such block.
std::string text_of_tag(const std::string& tag, const std::string& text);

}  // namespace tenon::session
