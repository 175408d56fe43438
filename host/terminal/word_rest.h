#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "host/terminal/key_decoder.h"

namespace tenon::terminal {

/// `text` with ASCII letters in lower case.
std::string lower_case(std::string_view text);

/// The keys that a person still types of a word whose first letter has answered a question already:
/// the `es` and the Enter of `yes`. Pure; the caller gives the times.
class WordRest {
public:
    using Time = std::chrono::steady_clock::time_point;
    /// A key belongs to the rest when it comes within this time after the one before it,
    static constexpr std::chrono::seconds kBetweenKeys{2};
    /// or within this time when it may be meant for what follows the question: the same key again
    /// (it is held down), or an Enter behind the first letter alone.
    static constexpr std::chrono::seconds kSoon{1};
    /// A character that follows a whole word sooner than this, and is no blank, belongs to a longer
    /// word that begins with it.
    static constexpr std::chrono::milliseconds kWithinWord{300};
    /// A line is a late rest when it is entered within this time.
    static constexpr std::chrono::seconds kLate{10};

    /// `letter` has answered. It begins `word`; when `word` is empty, only an Enter can follow.
    void begin(char letter, std::string word, Time now);
    /// Enter has answered. A second Enter belongs to the answer too.
    void begin_behind_enter(Time now);

    /// Whether `key` belongs to the rest and is dropped. The first key that does not ends the rest.
    bool takes(const Key& key, Time now);
    /// After `takes` returned false: the keys that were dropped and are part of something else.
    [[nodiscard]] std::string give_back();
    /// Whether `line`, begun after the answer, is the end of the word, typed slowly.
    [[nodiscard]] bool is_late_rest(const std::string& line, Time now) const;

private:
    bool takes_letter(wchar_t c, bool soon);

    std::string word_;        // in lower case
    char letter_ = 0;         // held down, it comes again and again
    std::size_t taken_ = 0;   // letters of word_
    bool expecting_ = false;  // the next key may belong to the rest
    bool entered_ = false;    // its Enter has come
    std::string dropped_;     // keys of a word that is not whole yet
    std::string give_back_;
    Time answered_{}, last_{};
};

}  // namespace tenon::terminal
