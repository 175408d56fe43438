#include "host/model/border_text.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace tenon::model {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
/// After more white space at the beginning of a text, no tag is looked for.
constexpr std::size_t kMostBlanks = 4096;

struct ThinkTags {
    std::string_view begin;
    std::string_view end;
};
constexpr std::array kThinkTags = {ThinkTags{"<think>", "</think>"},
                                   ThinkTags{"[THINK]", "[/THINK]"}};

std::string_view without_blanks_before(std::string_view text) {
    const std::size_t at = text.find_first_not_of(kBlanks);
    return at == text.npos ? std::string_view() : text.substr(at);
}

std::string_view without_blanks_around(std::string_view text) {
    text = without_blanks_before(text);
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

/// The length of the longest end of `text` that a tag may begin with.
std::size_t beginning_at_end(std::string_view text, std::string_view tag) {
    for (std::size_t n = std::min(text.size(), tag.size() - 1); n > 0; --n)
        if (tag.starts_with(text.substr(text.size() - n))) return n;
    return 0;
}

bool is_fence(std::string_view line) {
    const std::string_view text = without_blanks_before(line);
    return text.starts_with("```") || text.starts_with("~~~");
}

/// Takes thinking out of a text line by line.
class ThinkingLines {
public:
    ThinkingLines(std::string_view text, bool may_end_alone)
        : text_(text), may_end_alone_(may_end_alone) {}

    SplitText split() && {
        while (at_ < text_.size()) {
            if (at_ >= line_end_)  // there may be many tags in one line
                line_end_ = std::min(text_.find('\n', at_), text_.size() - 1) + 1;
            const std::string_view line = text_.substr(at_, line_end_ - at_);
            if (is_fence(line)) in_code_ = !in_code_;
            if (in_code_ || !take_tag(line)) {
                out_.text += line;
                at_ = line_end_;
            }
        }
        return std::move(out_);
    }

private:
    bool take_tag(std::string_view line) {
        for (std::size_t kind = 0; kind < kThinkTags.size(); ++kind) {
            const ThinkTags& tags = kThinkTags[kind];
            // A line of a text about tags is likely to be indented.
            if (line.starts_with(tags.end) && without_blanks_around(line) == tags.end)
                return take_end_alone(line);
            if (without_blanks_before(line).starts_with(tags.begin)) return take_thinking(kind);
        }
        return false;
    }

    /// Only the first one: a text has one end of thinking.
    bool take_end_alone(std::string_view line) {
        if (!may_end_alone_ || out_.has_tags || out_.has_end_alone) return false;
        out_.has_end_alone = true;
        out_.thinking += std::exchange(out_.text, {});
        at_ += line.size();
        skip_blanks();
        return true;
    }

    bool take_thinking(std::size_t kind) {
        const ThinkTags& tags = kThinkTags[kind];
        if (no_end_behind_[kind]) return false;
        const std::size_t from = text_.find(tags.begin, at_) + tags.begin.size();
        const std::size_t end = text_.find(tags.end, from);
        if (end == text_.npos) {
            no_end_behind_[kind] = true;
            return false;
        }
        out_.has_tags = true;
        out_.thinking += text_.substr(from, end - from);
        at_ = end + tags.end.size();
        skip_blanks();
        return true;
    }

    void skip_blanks() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }

    std::string_view text_;
    bool may_end_alone_;
    std::size_t at_ = 0;
    std::size_t line_end_ = 0;
    bool in_code_ = false;
    std::array<bool, kThinkTags.size()> no_end_behind_ = {};  // by kind of tags
    SplitText out_;
};

}  // namespace

/// Decides about the beginning of a text. True: there may be more in `rest` for the next state.
bool ThinkFilter::take_beginning(std::string_view& rest, Piece& out) {
    const std::string_view text = without_blanks_before(rest);
    bool undecided = text.empty();
    for (const ThinkTags& tags : kThinkTags) {
        if (text.starts_with(tags.begin)) {
            end_tag_ = tags.end;
            state_ = State::kThinking;
            found_ = true;
            rest = text.substr(tags.begin.size());
            return true;
        }
        if (text.starts_with(tags.end) && !after_thinking_) {
            end_alone_ = true;
            after_thinking_ = true;
            rest = text.substr(tags.end.size());
            return true;
        }
        undecided = undecided || tags.begin.starts_with(text) || tags.end.starts_with(text);
    }
    if (undecided && rest.size() < kMostBlanks) return false;
    state_ = State::kText;
    out.text += after_thinking_ ? text : rest;
    rest = {};
    return false;
}

bool ThinkFilter::take_thinking(std::string_view& rest, Piece& out) {
    const std::size_t end = rest.find(end_tag_);
    if (end == rest.npos) {
        const std::size_t done = rest.size() - beginning_at_end(rest, end_tag_);
        out.thinking += rest.substr(0, done);
        rest.remove_prefix(done);
        return false;
    }
    out.thinking += rest.substr(0, end);
    rest.remove_prefix(end + end_tag_.size());
    state_ = State::kBegin;
    after_thinking_ = true;
    return true;
}

ThinkFilter::Piece ThinkFilter::take(std::string_view bytes) {
    Piece out;
    if (state_ == State::kText) {
        out.text = bytes;
        return out;
    }
    held_ += bytes;
    std::string_view rest = held_;
    for (bool more = true; more && !rest.empty();)
        more = state_ == State::kBegin ? take_beginning(rest, out) : take_thinking(rest, out);
    held_.erase(0, held_.size() - rest.size());  // once, however many tags there were
    return out;
}

ThinkFilter::Piece ThinkFilter::finish() {
    Piece out;
    (state_ == State::kThinking ? out.thinking : out.text) = std::exchange(held_, {});
    return out;
}

SplitText split_thinking(std::string text, const AboutText& about) {
    const bool has_tags =
        std::any_of(kThinkTags.begin(), kThinkTags.end(), [&](const ThinkTags& tags) {
            return text.find(tags.begin) != text.npos || text.find(tags.end) != text.npos;
        });
    if (!has_tags) return {{}, std::move(text), false, false};
    ThinkFilter filter;
    ThinkFilter::Piece begin = filter.take(text);
    ThinkFilter::Piece end = filter.finish();
    SplitText out;
    if (filter.is_open() && !about.cut_off) {
        out.text = std::move(text);
        return out;
    }
    const std::string rest = begin.text + end.text;
    out = ThinkingLines(rest, !about.has_thinking && !filter.has_found()).split();
    out.thinking.insert(0, begin.thinking + end.thinking);
    out.has_tags = out.has_tags || filter.has_found();
    out.has_end_alone = out.has_end_alone || filter.has_found_end_alone();
    return out;
}

}  // namespace tenon::model
