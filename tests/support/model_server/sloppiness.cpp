#include "tests/support/model_server/sloppiness.h"

#include <algorithm>

#include "tests/support/model_server/wire.h"

namespace tenon::testing {
namespace {

constexpr Defect kDefects[] = {
    // of the connection
    {"capital_content_type", "acr", "Text/Event-Stream"},
    {"early_hints", "acr", "a 103 response before the answer"},
    {"gzip", "acr", "the body is compressed although identity was asked for"},
    {"comments", "acr", "lines with a colon between the events"},
    {"crlf", "acr", "lines end with CR LF"},
    {"no_blank_after_colon", "acr", "data:{…}"},
    {"no_event_names", "ar", "the event: lines are missing"},
    {"done_marker", "ar", "[DONE] at the end, as in Chat Completions"},
    {"no_usage", "acr", "no usage anywhere"},
    {"whole_body", "cr", "one JSON object although a stream was asked for"},
    // call ids
    {"numbered_ids", "acr", "call_0, call_1, … in each answer anew"},
    {"odd_ids", "acr", "functions.bash:0"},
    {"empty_ids", "acr", "the id of a call is an empty text"},
    {"null_ids", "acr", "the id of a call is null"},
    {"no_ids", "acr", "calls have no id"},
    {"same_ids", "acr", "all calls of an answer have the same id"},
    {"long_ids", "acr", "the id of a call has 1,000 characters"},
    // text
    {"split_surrogates", "acr", "the two halves of a surrogate pair come in two deltas"},
    {"blank_text", "acr", "a blank text beside the content"},
    // arguments
    {"object_arguments", "acr", "an object in place of a text"},
    {"empty_arguments", "cr", "an empty text for no arguments"},
    {"null_arguments", "cr", "null for no arguments"},
    {"whole_arguments", "acr", "all arguments in one piece"},
    {"quoted_arguments", "acr", "a JSON string that holds the object"},
    // Messages
    {"message_start_twice", "a", "message_start comes twice"},
    {"thinking_in_text", "a", "thinking_delta inside a text block"},
    {"no_message_stop", "a", "the stream ends after message_delta"},
    {"no_block_stop", "a", "content_block_stop never comes"},
    {"mixed_blocks", "a", "events of the next blocks come before a block has ended"},
    {"null_usage", "ac", "the figures are null"},
    // Chat Completions
    {"no_index", "c", "fragments of calls have no index"},
    {"zero_index", "c", "every call has index 0"},
    {"text_index", "c", "the index is a text"},
    {"ids_every_time", "c", "id, type and name are in every fragment of a call"},
    {"interleaved_calls", "c", "fragments of the next call come before a call is complete"},
    {"usage_with_finish", "c", "usage is in the chunk with the finish reason"},
    {"usage_everywhere", "c", "usage is in every chunk"},
    {"stop_with_calls", "c", "the finish reason is stop though there are calls"},
    {"finish_with_content", "c", "the finish reason comes with the last piece"},
    {"no_finish_reason", "c", "only [DONE] ends the answer"},
    {"no_done", "c", "the connection is closed without [DONE]"},
    {"empty_chunks", "c", "chunks without choices, and with empty deltas"},
    {"no_role", "c", "no chunk names the role"},
    {"other_reasoning", "c", "reasoning in the member `reasoning`"},
    {"think_tags", "c", "reasoning between <think> and </think> in the content"},
    // Responses
    {"no_sequence_numbers", "r", "events have no sequence_number"},
    {"no_output_index", "r", "events have no output_index"},
    {"no_deltas", "r", "only the finished items are sent"},
    {"only_completed", "r", "only response.completed is sent"},
    {"completed_without_output", "r", "response.completed has no output"},
};

char letter_of(std::string_view format) {
    return format == "anthropic" ? 'a' : format == "openai" ? 'c' : 'r';
}

}  // namespace

std::span<const Defect> all_defects() {
    return kDefects;
}

bool is_defect(std::string_view name) {
    return std::any_of(std::begin(kDefects), std::end(kDefects),
                       [&](const Defect& defect) { return name == defect.name; });
}

bool occurs_in(const Defect& defect, std::string_view format) {
    return std::string_view(defect.formats).find(letter_of(format)) != std::string_view::npos;
}

namespace {

/// Stands in a piece for half of a surrogate pair, which no JSON value can hold alone.
const std::string kHalf = "@half@";

OrderedJson sloppy_id(const OrderedJson& call, int number, const std::set<std::string>& defects) {
    const auto has = [&](const char* name) { return defects.count(name) > 0; };
    if (has("numbered_ids")) return "call_" + std::to_string(number);
    if (has("odd_ids"))
        return "functions." + string_or(call, "name") + ":" + std::to_string(number);
    if (has("empty_ids")) return "";
    if (has("null_ids")) return nullptr;
    if (has("same_ids")) return "the_same_id";
    if (has("long_ids")) return std::string(1000, 'x') + std::to_string(number);
    return call.contains("id") ? call["id"] : OrderedJson();
}

/// The UTF-16 halves of the character of four bytes at the start of `text`.
std::pair<std::string, std::string> halves_of(std::string_view text) {
    std::uint32_t code = static_cast<unsigned char>(text[0]) & 0x07U;
    for (std::size_t i = 1; i < 4; ++i)
        code = (code << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
    code -= 0x10000;
    const auto half = [](std::uint32_t unit) { return kHalf + hex_of(unit).substr(12); };
    return {half(0xD800 + (code >> 10U)), half(0xDC00 + (code & 0x3FFU))};
}

}  // namespace

OrderedJson sloppy_content(const OrderedJson& content, const std::set<std::string>& defects) {
    OrderedJson out = OrderedJson::array();
    bool has_text = false;
    int calls = 0;
    for (OrderedJson block : content) {
        has_text = has_text || string_or(block, "type") == "text";
        if (string_or(block, "type") == "tool_use") {
            block["id"] = sloppy_id(block, calls++, defects);
            if (defects.count("no_ids") > 0) block.erase("id");
        }
        out.push_back(std::move(block));
    }
    if (defects.count("blank_text") > 0 && !has_text)
        out.push_back({{"type", "text"}, {"text", "\n\n"}});
    return out;
}

std::vector<std::string> sloppy_pieces(std::string_view text, std::size_t characters,
                                       const std::set<std::string>& defects) {
    auto pieces = pieces_of(text, characters);
    if (defects.count("split_surrogates") == 0) return pieces;
    std::vector<std::string> out;
    for (const std::string& piece : pieces) {
        std::string open;
        for (const std::string& character : pieces_of(piece, 1)) {
            if (character.size() < 4) {
                open += character;
                continue;
            }
            const auto [high, low] = halves_of(character);
            out.push_back(open + high);
            open = low;
        }
        if (!open.empty()) out.push_back(std::move(open));
    }
    return out;
}

std::string finish_event(std::string text) {
    for (auto at = text.find(kHalf); at != text.npos; at = text.find(kHalf, at))
        text.replace(at, kHalf.size(), "\\u");
    return text;
}

}  // namespace tenon::testing
