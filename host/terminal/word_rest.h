#pragma once

#include <chrono>
#include <string>

#include "host/terminal/key_decoder.h"

namespace tenon::terminal {

/// What a person still types of a word whose first letter has answered a question already: the `es`
/// and the Enter of `yes`. Pure; times are given.
class WordRest {
public:
    using Time = std::chrono::steady_clock::time_point;
    /// A key of the rest comes within this time after the one before it,
    static constexpr std::chrono::seconds kBetweenKeys{2};
    /// or sooner where it may be meant for what comes next: the same key again, which is held
    /// down, and an Enter behind the first letter alone.
    static constexpr std::chrono::seconds kSoon{1};
    /// What follows a whole word sooner than this, and is no Enter and no blank, is the rest of a
    /// longer word, which began with it.
    static constexpr std::chrono::milliseconds kWithinWord{300};
    /// A late rest is one that is entered as a line within this time.
    static constexpr std::chrono::seconds kLate{10};

    /// `word` is the whole one, of which the first letter has answered; empty: only the Enter
    /// follows.
    void begin(char letter, std::string word, Time now);
    /// Nothing is left to come: Enter has answered. A second Enter belongs to it all the same.
    void begin_behind_enter(Time now);

    /// Whether `key` belongs to the rest, and is dropped. When it does not, nothing after it does.
    bool takes(const Key& key, Time now);
    /// After `takes` said no: what was dropped although it was the beginning of something else.
    [[nodiscard]] std::string give_back();
    /// Whether this line, begun after the answer, is the rest of the word, typed slowly.
    [[nodiscard]] bool is_late_rest(const std::string& line, Time now) const;

private:
    bool takes_letter(wchar_t c, bool soon);

    std::string word_;        // small letters
    char letter_ = 0;         // held down, it comes again and again
    std::size_t taken_ = 0;   // letters of word_
    bool expecting_ = false;  // the next key may belong to it
    bool entered_ = false;    // its Enter has come
    std::string dropped_;     // of a word that is not whole
    std::string give_back_;
    Time answered_{}, last_{};
};

}  // namespace tenon::terminal
