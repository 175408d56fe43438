#include "host/base/secrets.h"

#include <algorithm>
#include <utility>

namespace tenon {
namespace {

constexpr std::size_t kShortestSecret = 8;
constexpr std::string_view kMark = "[redacted]";

}  // namespace

void Secrets::add(std::string value) {
    if (value.size() < kShortestSecret) return;
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

std::size_t Secrets::undecided(std::string_view text) const {
    std::size_t from = text.size();
    for (const std::string& value : values_) {
        std::size_t length = std::min(value.size() - 1, text.size());
        while (!text.ends_with(std::string_view(value).substr(0, length)))
            --length;
        from = std::min(from, text.size() - length);
    }
    // A whole value that reaches into these bytes is not to be torn.
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
