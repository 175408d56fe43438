#include "host/base/secrets.h"

#include <algorithm>

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

}  // namespace tenon
