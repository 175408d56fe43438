#include "host/base/held_text.h"

#include <algorithm>
#include <utility>

#include "host/base/utf8.h"

namespace tenon {
namespace {

constexpr std::size_t kPieceBytes = 65536;     // converted at once
constexpr std::size_t kBytesPerCharacter = 4;  // at most

}  // namespace

std::string omitted(std::uint64_t number, std::string_view unit) {
    return "\n[" + std::to_string(number) + " " + std::string(unit) + " omitted]\n";
}

void HeldText::append(std::string_view bytes) {
    while (!bytes.empty()) {
        std::string piece = std::exchange(unfinished_, {});
        piece += bytes.substr(0, kPieceBytes);
        bytes.remove_prefix(std::min(bytes.size(), kPieceBytes));
        const std::size_t incomplete = utf8::incomplete_suffix(piece);
        unfinished_ = piece.substr(piece.size() - incomplete);
        piece.resize(piece.size() - incomplete);
        take(utf8::repair(piece));
    }
}

void HeldText::take(std::string_view text) {
    if (head_characters_ < max_characters_) {
        const auto part = utf8::first(text, max_characters_ - head_characters_);
        head_ += part;
        head_characters_ += utf8::length(part);
        text.remove_prefix(part.size());
    }
    tail_ += text;
    more_characters_ += utf8::length(text);
    // Not after each piece: a small piece would cost as much as a large one.
    if (tail_.size() > 2 * kBytesPerCharacter * max_characters_)
        tail_ = std::string(utf8::last(tail_, max_characters_ / 2));
}

HeldText::Text HeldText::finish() {
    if (!unfinished_.empty()) take(utf8::repair(std::exchange(unfinished_, {})));
    if (more_characters_ == 0) return {head_};
    const std::size_t part = max_characters_ / 2;
    Text out{std::string(utf8::first(head_, part))};
    out.cut_at = out.text.size();
    out.text += omitted(head_characters_ + more_characters_ - 2 * part, "characters");
    out.resumes_at = out.text.size();
    if (more_characters_ < part)
        out.text += utf8::last(head_, part - static_cast<std::size_t>(more_characters_));
    out.text += utf8::last(tail_, part);
    return out;
}

}  // namespace tenon
