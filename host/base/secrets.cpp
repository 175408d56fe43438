#include "host/base/secrets.h"

#include <algorithm>
#include <utility>

#include "host/base/json.h"

namespace tenon {
namespace {

constexpr std::size_t kShortestSecret = 8;
constexpr std::size_t kShortestPiece = 4;  // fewer bytes occur in ordinary words
constexpr std::string_view kMark = "[redacted]";

}  // namespace

void Secrets::add(std::string value) {
    if (value.size() < kShortestSecret) return;
    const std::string quoted = json_quote(value);
    keep(quoted.substr(1, quoted.size() - 2));
    keep(std::move(value));
}

void Secrets::keep(std::string value) {
    if (std::find(values_.begin(), values_.end(), value) != values_.end()) return;
    values_.push_back(std::move(value));
    std::sort(values_.begin(), values_.end(),
              [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

std::string Secrets::redact(std::string text) const {
    for (const std::string& value : values_) {
        for (auto at = text.find(value); at != std::string::npos;
             at = text.find(value, at + kMark.size())) {
            text.replace(at, value.size(), kMark);
        }
    }
    return text;
}

/// How many bytes at the beginning of `text` may be the end of a value.
std::size_t Secrets::end_of_a_value(std::string_view text) const {
    std::size_t longest = 0;
    for (const std::string& value : values_) {
        std::size_t length = std::min(value.size() - 1, text.size());
        while (!text.starts_with(std::string_view(value).substr(value.size() - length)))
            --length;
        longest = std::max(longest, length);
    }
    return longest;
}

std::string Secrets::redact_part(std::string text, Cut cut) const {
    if (empty()) return text;
    const bool inside = cut.begin && cut.end && text.size() >= kShortestPiece &&
                        std::any_of(values_.begin(), values_.end(), [&](const std::string& value) {
                            return value.find(text) != std::string::npos;
                        });
    if (inside) return std::string(kMark);
    text = redact(std::move(text));
    const std::size_t begin = cut.begin ? end_of_a_value(text) : 0;
    const std::size_t end = cut.end ? undecided(text) : 0;
    if (begin + end >= text.size() && begin + end >= kShortestPiece) return std::string(kMark);
    const bool at_begin = begin >= kShortestPiece;
    const bool at_end = end >= kShortestPiece;
    const std::size_t from = at_begin ? begin : 0;
    const std::size_t size = text.size() - from - (at_end ? end : 0);
    return std::string(at_begin ? kMark : "").append(text, from, size).append(at_end ? kMark : "");
}

std::size_t Secrets::undecided(std::string_view text) const {
    std::size_t from = text.size();
    for (const std::string& value : values_) {
        std::size_t length = std::min(value.size() - 1, text.size());
        while (!text.ends_with(std::string_view(value).substr(0, length)))
            --length;
        from = std::min(from, text.size() - length);
    }
    // A whole value that reaches into these bytes must not be split.
    for (bool moved = true; moved;) {
        moved = false;
        for (const std::string& value : values_) {
            const auto at = text.find(value, from < value.size() ? 0 : from - value.size() + 1);
            if (at >= from) continue;
            from = at;
            moved = true;
        }
    }
    return text.size() - from;
}

std::string RedactedStream::take(std::string_view piece) {
    waiting_.append(piece);
    const std::size_t ready = waiting_.size() - secrets_.undecided(waiting_);
    std::string text = secrets_.redact(waiting_.substr(0, ready));
    waiting_.erase(0, ready);
    return text;
}

std::string RedactedStream::finish() {
    return secrets_.redact(std::exchange(waiting_, {}));
}

}  // namespace tenon
