#include "host/agent/structured_answer.h"

#include <utility>

#include "host/agent/answer_tool.h"
#include "host/agent/wire.h"
#include "host/base/utf8.h"

namespace tenon::agent {
namespace {

/// The inside of a code fence, if the fence is all there is: models like to write one, and it can
/// not be part of a document.
std::string_view without_fence(std::string_view text) {
    constexpr std::string_view kFence = "```";
    const auto line_end = text.find('\n');
    if (!text.starts_with(kFence) || line_end == text.npos) return text;
    const std::string_view language =
        utf8::trimmed(text.substr(kFence.size(), line_end - kFence.size()));
    if (!language.empty() && language != "json" && language != "JSON") return text;
    std::string_view inside = text.substr(line_end);
    if (!inside.ends_with("\n```")) return text;
    inside.remove_suffix(kFence.size());
    return utf8::trimmed(inside);
}

/// The input of a call as the model wrote it; empty: the answer has no such call.
std::string_view input_in(const Answer& answer, const std::string& id) {
    for (const std::string_view block : split_blocks(answer.content)) {
        if (raw_member(block, "type") == R"("tool_use")" &&
            raw_member(block, "id") == json_quote(id))
            return raw_member(block, "input");
    }
    return {};
}

}  // namespace

void StructuredAnswer::begin_run() {
    document_.reset();
    flaw_.clear();
    misfits_ = 0;
    called_ = called_misfit_ = false;
}

std::string StructuredAnswer::instruction() const {
    const std::string tool(AnswerTool::kName);
    return "The answer that ends this task must be one JSON document that fits " +
           (form_->wraps() ? "the schema of the argument '" + std::string(AnswerForm::kWrapped) +
                                 "' of the tool " + tool
                           : "the input schema of the tool " + tool) +
           ". Either call that tool with it, or give the document alone as text, without any words "
           "around it.";
}

bool StructuredAnswer::take_text(std::string_view text) {
    const std::string_view document =
        without_fence(utf8::trimmed(utf8::without_byte_order_mark(utf8::trimmed(text))));
    if (const auto flaw = flaw_in(document)) return refuse(*flaw);
    return accept(document);
}

std::optional<std::string> StructuredAnswer::flaw_in(std::string_view document) const {
    if (document.empty()) return "it has no text";
    const auto parsed = parse_json(document);
    if (!parsed) return "it is not one JSON document: " + parsed.error().message;
    return form_->flaw(*parsed);
}

void StructuredAnswer::take_call(const Answer& answer, const ToolCall& call,
                                 const ToolResult& result) {
    std::string_view document = input_in(answer, call.id);
    if (form_->wraps() && !document.empty()) document = raw_member(document, AnswerForm::kWrapped);
    if (result.is_error) {
        note_flaw(result.text);
        called_misfit_ = true;
    } else if (!document.empty()) {
        called_ = accept(document);
    }
}

bool StructuredAnswer::end_calls() {
    const bool is_misfit = std::exchange(called_misfit_, false);
    if (std::exchange(called_, false)) return true;
    if (is_misfit) ++misfits_;
    return false;
}

bool StructuredAnswer::accept(std::string_view document) {
    document_ = utf8::trimmed(document);
    misfits_ = 0;
    return true;
}

bool StructuredAnswer::refuse(std::string_view flaw) {
    note_flaw(flaw);
    ++misfits_;
    return false;
}

void StructuredAnswer::note_flaw(std::string_view flaw) {
    constexpr std::size_t kMostFlawBytes = 2000;  // it may hold parts of the answer
    flaw_ = utf8::first_bytes(flaw, kMostFlawBytes);
}

std::string StructuredAnswer::complaint() const {
    return "This answer is not what is needed: " + flaw_ + ". " + instruction();
}

}  // namespace tenon::agent
