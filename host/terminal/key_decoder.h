#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "host/terminal/key_sequences.h"

/// Decodes the bytes that a terminal sends into keys. No I/O, no time.
namespace tenon::terminal {

/// `bytes` as a text that can stand in the edited line: valid UTF-8, without controls except line
/// feeds and tabs.
std::string without_controls(std::string_view bytes);

/// A bracketed paste, without controls.
struct Paste {
    std::string text;
    bool operator==(const Paste&) const = default;
};
/// A paste larger than KeyDecoder::kMaxPaste. Its text was dropped.
struct PasteRefused {
    std::size_t bytes = 0;
    bool operator==(const PasteRefused&) const = default;
};
using Key = std::variant<Typed, Alt, Sequence, Paste, PasteRefused>;

/// Bytes in, keys out. Holds at most kMaxPaste and a few bytes. Keys that the line editor does not
/// know are dropped.
///
/// Where the bytes are cut matters only behind an ESC, which may be the key Esc or begin something:
/// - It is held back until more bytes come, or until take_held() says that none came for a while.
/// - A character that comes in the same read makes it Alt; one that comes later is a key of its
///   own. Alt-Enter, and Enter with a modifier if the terminal reports it, become a line feed.
/// - A control sequence may come in pieces.
class KeyDecoder {
public:
    static constexpr std::size_t kMaxPaste = 8 << 20;

    /// `bound` is the text of the user's key bindings: a sequence that occurs in it (without ESC)
    /// reaches the editor unchanged.
    explicit KeyDecoder(std::string bound = {}) : bound_(std::move(bound)) {}

    /// `bytes` are those of one read. A Ctrl-C alone in a read cancels a paste that has not ended.
    std::vector<Key> feed(std::string_view bytes);
    /// The last bytes may be keys, or begin a sequence: ESC alone, or with the first character of a
    /// sequence.
    [[nodiscard]] bool holds_escape() const;
    /// Call it when no more bytes came for a while: they were keys. Only while holds_escape().
    std::vector<Key> take_held();
    /// A paste has begun and not ended.
    [[nodiscard]] bool is_pasting() const { return pasting_; }
    /// Whether a key that the line editor does not know was dropped since the last call.
    bool take_dropped() { return std::exchange(dropped_, false); }
    /// What the terminal itself has sent since the last call.
    std::vector<TerminalReport> take_reports() { return std::exchange(reports_, {}); }

private:
    static constexpr std::size_t kLongestSequence = 64;
    static constexpr std::size_t kLongestString = 64 << 10;

    bool take_one(std::vector<Key>& keys);
    bool take_character(std::vector<Key>& keys);
    bool take_escape(std::vector<Key>& keys);
    bool take_alt(std::vector<Key>& keys, std::size_t begin);
    bool take_double_escape(std::vector<Key>& keys);
    bool take_csi(std::vector<Key>& keys, std::size_t escapes);
    bool take_ss3(std::vector<Key>& keys, std::size_t escapes);
    bool take_string();
    bool take_paste(std::vector<Key>& keys);
    void add_sequence(std::vector<Key>& keys, std::string_view sent, bool with_alt);
    void keep_pasted(std::string_view bytes);
    [[nodiscard]] std::size_t character_at(std::size_t at) const;

    std::string bound_;
    std::string pending_;            // bytes not decoded yet
    bool escape_is_older_ = false;   // than this read; pending_ begins with it
    bool escape_was_taken_ = false;  // by take_held(), right before
    bool dropped_ = false;
    std::vector<TerminalReport> reports_;
    bool pasting_ = false;
    bool in_string_ = false;
    std::size_t string_bytes_ = 0;
    std::string pasted_;
    std::size_t pasted_bytes_ = 0;
};

}  // namespace tenon::terminal
