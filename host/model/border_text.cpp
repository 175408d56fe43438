#include "host/model/border_text.h"

#include <algorithm>
#include <array>
#include <cctype>
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

/// The places of `tag` in one line, which begins at `at`, but not in `code` or "quotes".
void add_places(std::vector<std::size_t>& places, std::string_view line, std::size_t at,
                std::string_view tag) {
    bool in_code = false;
    bool in_quotes = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const std::string_view rest = line.substr(i);
        if (rest.front() == '`') {
            in_code = !in_code;
            i = std::min(line.find_first_not_of('`', i), line.size()) - 1;
        } else if (!in_code &&
                   (rest.front() == '"' || rest.starts_with("“") || rest.starts_with("”"))) {
            in_quotes = !in_quotes;
        } else if (!in_code && !in_quotes && rest.starts_with(tag)) {
            places.push_back(at + i);
        }
    }
}

/// Where `tag` stands as such: not in code, which may be indented, and not in what is quoted.
std::vector<std::size_t> places_of(std::string_view tag, std::string_view text) {
    std::vector<std::size_t> places;
    bool in_code = false;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        const bool is_apart =
            line.starts_with("    ") || line.starts_with('\t') || line.starts_with('>');
        if (is_fence(line)) {
            in_code = !in_code;
        } else if (!in_code && !is_apart) {
            add_places(places, line, at, tag);
        }
        at = end + 1;
    }
    return places;
}

/// Whether thinking can have ended here, since a sentence or a line has.
bool ends_thought(std::string_view before) {
    constexpr std::array<std::string_view, 13> kEnds = {"\n", "\r", ".",  "!",  "?",  ")", "`",
                                                        "\"", "。", "！", "？", "）", "”"};
    return !before.ends_with("..") &&
           std::any_of(kEnds.begin(), kEnds.end(),
                       [&](std::string_view end) { return before.ends_with(end); });
}

/// Whether an answer can begin here. A sentence about the tag goes on behind it.
bool begins_answer(std::string_view behind) {
    constexpr std::array<std::string_view, 13> kNoBeginnings = {".", ",", ";", ":",  "!",  "?", ")",
                                                                "]", "}", "'", "，", "。", "、"};
    if (std::any_of(kNoBeginnings.begin(), kNoBeginnings.end(),
                    [&](std::string_view beginning) { return behind.starts_with(beginning); }))
        return false;
    const std::size_t at = behind.find_first_not_of(" \t");
    if (at == 0 || at == behind.npos) return true;
    const auto c = static_cast<unsigned char>(behind[at]);
    return c < 0x80 && std::islower(c) == 0;
}

/// Takes out what stands before an end of thinking that has no beginning in the text. Of a text
/// that may be about the tag nothing is taken: what is lost of an answer is worse than some
/// thinking in it. `open` beginnings stood in the thinking before the text, which ended at the
/// first end.
void take_end_without_beginning(SplitText& out, const ThinkTags& tags, std::size_t open) {
    if (out.text.find(tags.end) == std::string::npos) return;
    const std::string_view text = out.text;
    const std::vector<std::size_t> ends = places_of(tags.end, text);
    if (ends.empty() || ends.size() > std::max<std::size_t>(open, 1)) return;
    if (!places_of(tags.begin, text).empty()) return;
    const std::string_view before = text.substr(0, ends.back());
    const std::string_view behind = text.substr(ends.back() + tags.end.size());
    const bool is_word =
        before.ends_with(' ') && without_blanks_before(behind).size() != behind.size();
    if (is_word || !begins_answer(behind) || (open == 0 && !ends_thought(before))) return;
    (open == 0 ? out.has_end_alone : out.has_tags) = true;
    out.thinking += open == 0 ? "" : " ";  // instead of the first end
    out.thinking += before;
    out.text = std::string(without_blanks_before(behind));
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
    const std::string thinking = begin.thinking + end.thinking;
    const bool may_end_alone = !about.has_thinking && !filter.has_found();
    out = ThinkingLines(rest, may_end_alone).split();
    for (const ThinkTags& tags : kThinkTags) {
        if (out.has_tags || out.has_end_alone || filter.has_found_end_alone()) break;
        const std::size_t open = places_of(tags.begin, thinking).size();
        if (may_end_alone || open > 0) take_end_without_beginning(out, tags, open);
    }
    out.thinking.insert(0, thinking);
    out.has_tags = out.has_tags || filter.has_found();
    out.has_end_alone = out.has_end_alone || filter.has_found_end_alone();
    return out;
}

}  // namespace tenon::model
