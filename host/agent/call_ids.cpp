#include "host/agent/call_ids.h"

#include <algorithm>

#include "host/base/ids.h"

namespace tenon::agent {
namespace {

constexpr std::size_t kLongestId = 40;
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

bool fits(char c) {
    return kAlphabet.find(c) != std::string_view::npos || c == '_' || c == '-';
}

std::uint64_t random_number() {
    return std::stoull(random_hex(16), nullptr, 16);
}

}  // namespace

bool is_call_id(std::string_view text) {
    return !text.empty() && text.size() <= kLongestId &&
           std::all_of(text.begin(), text.end(), fits);
}

std::string call_id_of(std::uint64_t number) {
    std::string id(1, kLetters[number % kLetters.size()]);
    number /= kLetters.size();
    for (; id.size() < 9; number /= kAlphabet.size())
        id += kAlphabet[number % kAlphabet.size()];
    return id;
}

std::string CallIds::assign(std::string_view offered) {
    const Lock lock(mutex_);
    std::string id(is_call_id(offered) ? offered : "");
    while (id.empty() || !used_.insert(id).second)
        id = call_id_of(random_number());
    return id;
}

bool CallIds::add(std::string_view id) {
    const Lock lock(mutex_);
    return used_.emplace(id).second;
}

bool CallIds::contains(std::string_view id) const {
    const Lock lock(mutex_);
    return used_.find(id) != used_.end();
}

}  // namespace tenon::agent
