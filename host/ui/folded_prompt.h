#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Long texts of a person, shown by their first lines: pastes and long prompts. Pure functions; the
/// texts may be hostile, and what comes back is harmless (base/untrusted).
namespace tenon::ui {

/// The lines of a long text that are shown.
constexpr std::size_t kShownLines = 3;

/// Whether `text` has more than 10 lines or 2 KiB.
bool is_long_text(std::string_view text);

/// A line feed at the end begins no line.
std::size_t line_count(std::string_view text);

/// 2,341
std::string with_commas(std::size_t number);

/// The first kShownLines lines of `text`, each behind `indent` and cut to `columns`. Each ends with
/// a line feed.
std::string first_lines(std::string_view text, std::string_view indent, std::size_t columns);

/// A prompt that is known only as a whole, for Transcript::prompt on a screen of `columns`: a long
/// one is cut to its first lines, and a line `… +2,338 lines` follows.
std::string folded_prompt(std::string_view prompt, std::size_t columns);

}  // namespace tenon::ui
