#pragma once

#include <string>

#include "host/model/wire_format.h"
#include "host/model/written_tools.h"

namespace tenon::model {

/// OpenAI's Responses API, `POST /v1/responses` (reference/openai-compat.md, section 7), without a
/// state on the server: each request has the whole conversation as input items.
///
/// The reasoning items of an answer are kept in the conversation as blocks
/// `{"type":"thinking","thinking":TEXT,"item":ITEM}`, where ITEM is the item as it was received.
/// The same model gets it back unchanged, in its place. An item without `encrypted_content` has
/// nothing that the server could read again: its block has no `item`, and is not sent back. In the
/// same way, members of a message that the format does not explain (`phase`) are kept in a block
/// before its text: `{"type":"thinking","thinking":"","item":{"type":"message","phase":…}}`.
class ResponsesFormat : public WireFormat {
public:
    /// `reasoning_effort` is sent as the server names it; empty: none is sent.
    explicit ResponsesFormat(std::string reasoning_effort)
        : reasoning_effort_(std::move(reasoning_effort)) {}

    [[nodiscard]] std::string_view name() const override { return "openai-responses"; }
    [[nodiscard]] std::string_view path() const override { return "/responses"; }
    [[nodiscard]] HttpFields fields(const agent::Request& request,
                                    const ServerTraits& traits) const override;
    [[nodiscard]] RequestText body(const agent::Request& request,
                                   const ServerTraits& traits) const override;
    [[nodiscard]] std::unique_ptr<AnswerReader> reader(const agent::Request& request,
                                                       agent::EventSink& sink) const override;
    [[nodiscard]] std::span<const RefusablePart> refusable() const override;
    [[nodiscard]] std::string_view setting_of(Part part) const override {
        return part == Part::kReasoning && !reasoning_effort_.empty() ? "model.reasoningEffort"
                                                                      : "";
    }

private:
    /// Together with the name of their member; empty: there are none.
    static std::string functions_of(std::string_view tools);

    std::string reasoning_effort_;
    mutable WrittenTools functions_{&functions_of};
};

}  // namespace tenon::model
