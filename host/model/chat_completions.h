#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "host/model/wire_format.h"
#include "host/model/written_tools.h"

namespace tenon::model {

/// In which members of a message a server may have its thinking as one text. The first of them that
/// has some is used.
inline constexpr std::array<std::string_view, 2> kThinkingFields = {"reasoning_content",
                                                                    "reasoning"};
/// The members for thinking in parts: of OpenRouter, and of LiteLLM before a model of Anthropic.
inline constexpr std::string_view kThinkingDetails = "reasoning_details";
inline constexpr std::string_view kThinkingBlocks = "thinking_blocks";
inline constexpr std::array<std::string_view, 2> kThinkingParts = {kThinkingDetails,
                                                                   kThinkingBlocks};
/// The members of a call that go back with it: Gemini has signatures of its thinking there, and
/// refuses a call without.
inline constexpr std::array<std::string_view, 3> kKeptOfCalls = {
    "extra_content", "provider_specific_fields", "thought_signature"};
/// The member of a thinking block with these, under the ids of the calls.
inline constexpr std::string_view kThinkingOfCalls = "calls";
/// The member of a thinking block that says in which of kThinkingFields it came.
inline constexpr std::string_view kThinkingCameIn = "field";

/// The Chat Completions API of OpenAI, `POST …/chat/completions` (reference/openai-compat.md), as
/// it is spoken by many servers.
///
/// A message of the conversation is written as several: the calls of an answer are in the assistant
/// message, their results in one tool message each, at once and in the order of the calls, and
/// everything else in one user message behind them, with the images of the results. Thinking goes
/// back, unchanged, to the model that it came from, in the member in which it came. What the format
/// has no word for, such as a tool of another vendor's server, is left out.
class ChatCompletionsFormat : public WireFormat {
public:
    struct Options {
        std::string max_tokens_field = {};  ///< empty: by server
        std::string reasoning_effort = {};  ///< empty: none is sent
    };
    explicit ChatCompletionsFormat(Options options) : options_(std::move(options)) {}

    [[nodiscard]] std::string_view name() const override { return "openai"; }
    [[nodiscard]] std::string_view path() const override { return "/chat/completions"; }
    [[nodiscard]] HttpFields fields(const agent::Request& request,
                                    const ServerTraits& traits) const override;
    [[nodiscard]] RequestText body(const agent::Request& request,
                                   const ServerTraits& traits) const override;
    [[nodiscard]] std::unique_ptr<AnswerReader> reader(const agent::Request& request,
                                                       agent::EventSink& sink) const override;
    [[nodiscard]] std::span<const RefusablePart> refusable() const override;
    [[nodiscard]] std::string_view setting_of(Part part) const override {
        return part == Part::kReasoning && !options_.reasoning_effort.empty()
                   ? "model.reasoningEffort"
                   : "";
    }

private:
    /// Together with the name of their member; empty: there are none.
    static std::string functions_of(std::string_view tools);

    Options options_;
    mutable WrittenTools functions_{&functions_of};
};

}  // namespace tenon::model
