#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Calls in a text that no single mark begins, for call_in_text in border_text.h. Each function
/// returns the name of the tool, if the text is, or ends with, such a call. Pure functions.
namespace tenon::model {

/// The names of a request's tools, which are a JSON array.
class KnownTools {
public:
    explicit KnownTools(std::string_view tools);
    [[nodiscard]] bool has(std::string_view name) const;
    /// The first of them that is a word of `text`.
    [[nodiscard]] std::optional<std::string> first_word_in(std::string_view text) const;

private:
    std::vector<std::string> names_;
};

/// Letters, digits, _ and -.
bool is_name_char(char c);
/// The characters of a name with which the text begins.
std::string_view name_at(std::string_view text);
/// Without white space around it.
std::string_view trimmed(std::string_view text);

/// Whether a call may follow this text on purpose: it is blank, or a sentence that has ended, or it
/// announces the call.
bool may_precede_call(std::string_view text);
/// Whether the last line of the text says what the model is about to do, as in "I'll list them:".
bool announces_call(std::string_view text);

/// gpt-oss: `<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>{…}`, with its
/// special tokens or without.
std::optional<std::string> call_in_channel(std::string_view text, const KnownTools& tools);

/// Llama: the whole text is `[NAME(key=value), …]` or `[NAME({…})]`.
std::optional<std::string> call_in_python_list(std::string_view text, const KnownTools& tools);

/// ReAct: a line `Action: NAME`, and `Action Input: {…}` behind it.
std::optional<std::string> call_as_action(std::string_view text, const KnownTools& tools);

/// functionary: `>>>NAME` and a line with `{…}`, perhaps behind `>>>all` and text.
std::optional<std::string> call_behind_arrows(std::string_view text, const KnownTools& tools);

/// Gemma: the text ends with a block ```` ```tool_code ````, which is `NAME(key=value)`, within
/// `print(…)` or not.
std::optional<std::string> call_in_tool_code(std::string_view text, const KnownTools& tools);

/// Where JSON stands in a text. There are forms that only mean a call where nothing else is.
enum class JsonCall { kAlone, kBehindText };
/// One JSON value that is nothing but a call, a list of such calls, or several calls in a row.
std::optional<std::string> call_in_json_text(std::string_view text, JsonCall where,
                                             const KnownTools& tools);
/// Cheap.
bool may_hold_json_call(std::string_view text);

}  // namespace tenon::model
