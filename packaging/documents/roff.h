#pragma once

#include <string>
#include <string_view>

/// Text as the source of a manual page (man(7)). Pure functions.
namespace tenon::documents {

/// Plain text for the middle of a line: dashes, backslashes and quotes are what they seem.
std::string roff_text(std::string_view text);

/// Paragraph text in lines of a moderate length; what stands between two ` is bold.
std::string roff_paragraph(std::string_view text);

/// The form of a command, such as `logs ID [-f]`: words to type are bold, words in capital letters
/// stand for something else and are in italics.
std::string roff_usage(std::string_view usage);

/// A text of a table, such as "the directory to work on", as a sentence.
std::string sentence(std::string_view text);

}  // namespace tenon::documents
