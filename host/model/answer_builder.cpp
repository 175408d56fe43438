#include <algorithm>
#include <initializer_list>
#include <utility>

#include "host/agent/repair.h"
#include "host/base/utf8.h"
#include "host/model/border.h"

namespace tenon::model {
namespace {

/// Sets `count` to the first of these members that is one; what is no count is noted.
void take_count(const Json& object, std::initializer_list<std::string_view> keys,
                std::int64_t& count, Repairs& repairs) {
    for (const std::string_view key : keys) {
        const Json& value = member(object, key);
        if (value.is_null()) continue;
        const std::optional<std::int64_t> tokens = agent::read_token_count(value);
        if (!tokens) repairs.made(Repair::kUsageUnfit);
        if (tokens && *tokens > 0) count = *tokens;
        if (tokens) return;
    }
}

OrderedJson fields_of(const CollectedCall& call) {
    return {{"type", "tool_use"}, {"id", call.id}, {"name", call.name}};
}

/// Appends to `text` what `whole` has more; false: they differ.
bool is_continued_by(std::string_view text, std::string_view whole) {
    return whole.size() >= text.size() && whole.starts_with(text);
}

}  // namespace

void UsageCounts::take(const Json& usage, Repairs& repairs) {
    if (!usage.is_object()) return;
    take_count(usage, {"prompt_tokens", "input_tokens"}, input_, repairs);
    take_count(usage, {"completion_tokens", "output_tokens"}, output_, repairs);
    for (const char* details : {"prompt_tokens_details", "input_tokens_details"}) {
        take_count(member(usage, details), {"cached_tokens"}, cache_read_, repairs);
        take_count(member(usage, details), {"cache_write_tokens", "cache_creation_tokens"},
                   cache_written_, repairs);
    }
    take_count(usage, {"prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"},
               cache_read_, repairs);
    take_count(usage, {"cache_creation_input_tokens"}, cache_written_, repairs);
    take_uncounted_reasoning(usage, repairs);
    // The counts of the Messages API, as they stand.
    const bool has_input = !member(usage, "prompt_tokens").is_null();
    if (has_input || !member(usage, "cache_read_input_tokens").is_null())
        input_is_without_cache_ = !has_input;
}

/// Some servers count reasoning in no place but the total.
void UsageCounts::take_uncounted_reasoning(const Json& usage, Repairs& repairs) {
    std::int64_t prompt = 0;
    std::int64_t answer = 0;
    std::int64_t total = 0;
    take_count(usage, {"prompt_tokens", "input_tokens"}, prompt, repairs);
    take_count(usage, {"completion_tokens", "output_tokens"}, answer, repairs);
    take_count(usage, {"total_tokens"}, total, repairs);
    const std::int64_t more = total - prompt - answer;
    // Or what a cache held, if that is not part of the prompt.
    const bool is_cached = more == cache_read_ || more == cache_read_ + cache_written_;
    if (prompt > 0 && more > 0 && !is_cached) output_ = total - prompt;
}

agent::Usage UsageCounts::usage() const {
    const std::int64_t cached = input_is_without_cache_ ? 0 : cache_read_ + cache_written_;
    return {std::max<std::int64_t>(input_ - cached, 0), output_, cache_read_, cache_written_};
}

void AnswerBuilder::identify(const Json& id, const Json& model) {
    const std::string* of_answer = string_in(id);
    if (of_answer != nullptr && answer_.id.empty())
        answer_.id = utf8::first_bytes(*of_answer, kMaxNameBytes);
    const std::string* of_model = string_in(model);
    if (of_model != nullptr && answer_.model.empty())
        answer_.model = utf8::first_bytes(*of_model, kMaxNameBytes);
}

AnswerBuilder::Item& AnswerBuilder::item(std::int64_t place, What what) {
    const auto [found, made] = items_.try_emplace({place, what});
    if (made) found->second.order = order_++;
    return found->second;
}

bool AnswerBuilder::keeps(std::size_t bytes) {
    content_bytes_ += bytes;
    if (content_bytes_ > kMaxContentBytes) malformed_ = kTooLong;
    return content_bytes_ <= kMaxContentBytes;
}

void AnswerBuilder::replace(std::string& text, std::string_view whole) {
    content_bytes_ -= std::min(content_bytes_, text.size());
    if (keeps(whole.size())) text = whole;
}

void AnswerBuilder::text(std::int64_t place, std::string_view piece) {
    if (piece.empty() || !keeps(piece.size())) return;
    Item& to = item(place, What::kText);
    to.text += piece;
    show(sink_, to.filter.take(piece));
}

void AnswerBuilder::whole_text(std::int64_t place, std::string_view whole) {
    Item& to = item(place, What::kText);
    if (is_continued_by(to.text, whole)) return text(place, whole.substr(to.text.size()));
    replace(to.text, whole);
}

std::string_view AnswerBuilder::text_of(std::int64_t place) const {
    const auto found = items_.find({place, What::kText});
    return found == items_.end() ? std::string_view() : found->second.text;
}

void AnswerBuilder::thinking(std::int64_t place, std::string_view piece) {
    if (piece.empty() || !keeps(piece.size())) return;
    item(place, What::kThinking).text += piece;
    sink_.on_event(agent::ThinkingDelta{std::string(piece)});
}

void AnswerBuilder::whole_thinking(std::int64_t place, std::string_view whole) {
    Item& to = item(place, What::kThinking);
    if (is_continued_by(to.text, whole)) return thinking(place, whole.substr(to.text.size()));
    replace(to.text, whole);
}

OrderedJson& AnswerBuilder::thinking_members(std::int64_t place) {
    return item(place, What::kThinking).members;
}

void AnswerBuilder::keep(std::int64_t place, std::string_view key, std::string_view json) {
    if (!keeps(json.size())) return;
    std::string& kept = item(place, What::kThinking).kept;
    kept.append(",").append(json_quote(key)).append(":").append(json);
}

void AnswerBuilder::call(std::int64_t place, const CallFragment& fragment) {
    const std::string* arguments = string_in(fragment.arguments);
    const std::size_t bytes = arguments != nullptr           ? arguments->size()
                              : fragment.arguments.is_null() ? 0
                                                             : dump_json(fragment.arguments).size();
    if (!keeps(bytes + fragment.kept.size())) return;
    if (!calls_.take(place, order_++, fragment, request_.tools, repairs_))
        malformed_ = too_many_calls();
}

void AnswerBuilder::finish_thinking(Item& item, std::vector<ContentBlock>& blocks) {
    if (item.text.empty() && item.members.empty() && item.kept.empty()) return;
    OrderedJson fields = {{"type", "thinking"}, {"thinking", std::move(item.text)}};
    for (auto& [key, value] : item.members.items())
        fields[key] = std::move(value);
    auto block = finish_block(std::move(fields), std::nullopt);
    if (!block) return;
    if (!item.kept.empty()) block->wire.insert(block->wire.size() - 1, item.kept);
    blocks.push_back(std::move(*block));
}

void AnswerBuilder::finish_text(Item& item, std::vector<ContentBlock>& blocks) {
    SplitText split = split_thinking(std::move(item.text), {is_cut_off(), has_thinking_});
    show_rest(sink_, item.filter, split, repairs_);
    if (!agent::is_blank(split.thinking)) {
        Item thinking;
        thinking.text = std::move(split.thinking);
        finish_thinking(thinking, blocks);
    }
    blocks.push_back(finished_text(std::move(split.text)));
}

Result<agent::Answer, agent::ModelFailure> AnswerBuilder::finish() {
    if (!malformed_.empty()) return malformed_answer(malformed_);
    struct Placed {
        std::int64_t place;
        std::size_t order;
        std::vector<ContentBlock> blocks;
    };
    std::vector<Placed> placed;
    has_thinking_ = std::any_of(items_.begin(), items_.end(), [](const auto& one) {
        return one.first.second == What::kThinking;
    });
    for (auto& [key, item] : items_) {
        Placed& to = placed.emplace_back(Placed{key.first, item.order, {}});
        if (key.second == What::kText) {
            finish_text(item, to.blocks);
        } else {
            finish_thinking(item, to.blocks);
        }
    }
    ValueCount values;
    for (CollectedCall& call : calls_.finish(request_.tools, repairs_)) {
        if (!values.take(call.arguments)) return malformed_answer(std::string(kTooLong));
        OrderedJson fields = fields_of(call);
        auto block = finish_block(std::move(fields), std::move(call.arguments), &repairs_);
        if (!block) return malformed_answer(block.error().message);
        block->kept = std::move(call.kept);
        placed.push_back({call.place, call.order, {}});
        placed.back().blocks.push_back(std::move(*block));
    }
    std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
        return std::tie(a.place, a.order) < std::tie(b.place, b.order);
    });
    std::vector<ContentBlock> blocks;
    for (Placed& one : placed)
        std::move(one.blocks.begin(), one.blocks.end(), std::back_inserter(blocks));
    answer_.usage = usage_.usage();
    complete_answer(answer_, std::move(blocks), request_, sink_, repairs_);
    return std::move(answer_);
}

}  // namespace tenon::model
