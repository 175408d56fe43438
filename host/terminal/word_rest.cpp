#include "host/terminal/word_rest.h"

#include <cctype>
#include <cwctype>
#include <utility>

namespace tenon::terminal {

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
}

void WordRest::begin(char letter, std::string word, Time now) {
    *this = {};
    letter_ = letter;
    word_ = std::move(word);
    taken_ = 1;
    expecting_ = true;
    answered_ = last_ = now;
}

void WordRest::begin_behind_enter(Time now) {
    *this = {};
    expecting_ = entered_ = true;
    answered_ = last_ = now;
}

bool WordRest::takes(const Key& key, Time now) {
    if (!expecting_) return false;
    const auto* typed = std::get_if<Typed>(&key);
    if (typed != nullptr && now - last_ <= kBetweenKeys &&
        takes_letter(typed->c, now - last_ < kSoon)) {
        last_ = now;
        return true;
    }
    expecting_ = false;
    const bool whole = taken_ == word_.size();
    const bool goes_on = typed != nullptr &&
                         (whole ? now - last_ <= kWithinWord && typed->c > L' ' && typed->c != 0x7f
                                : now - last_ <= kBetweenKeys);
    if (goes_on && !entered_) give_back_ = std::exchange(dropped_, {});
    return false;
}

bool WordRest::takes_letter(wchar_t c, bool soon) {
    if (c == L'\r') {
        if (taken_ <= 1 && !soon) return false;
        entered_ = true;
        dropped_.clear();
        return true;
    }
    if (entered_) return false;
    const auto lower = static_cast<wchar_t>(std::towlower(static_cast<wint_t>(c)));
    if (taken_ < word_.size() && lower == static_cast<wchar_t>(word_[taken_])) {
        ++taken_;
        dropped_ += static_cast<char>(c);
        return true;
    }
    return soon && taken_ <= 1 && lower == static_cast<wchar_t>(letter_);
}

std::string WordRest::give_back() {
    return std::exchange(give_back_, {});
}

bool WordRest::is_late_rest(const std::string& line, Time now) const {
    if (entered_ || line.empty() || line.size() >= word_.size() || now - answered_ > kLate)
        return false;
    return word_.ends_with(lower_case(line));
}

}  // namespace tenon::terminal
