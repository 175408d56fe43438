#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a terminal sends, taken apart: no I/O, no time.
namespace tenon::terminal {

/// A character or a control code, as typed.
struct Typed {
    wchar_t c = 0;
    bool operator==(const Typed&) const = default;
};
/// A key that is no character, as the sequence for the line editor: the cursor keys, Home and End
/// as "ESC [ A" and so on whatever the terminal sends, words' keys as "ESC f".
struct Sequence {
    std::string bytes;
    bool bound = false;  ///< by the person
    bool operator==(const Sequence&) const = default;
};
/// A bracketed paste: valid UTF-8, line feeds alone end lines, no control but them and tabs.
struct Paste {
    std::string text;
    bool operator==(const Paste&) const = default;
};
/// A paste that was larger than KeyDecoder::kMaxPaste; its text is gone.
struct PasteRefused {
    std::size_t bytes = 0;
    bool operator==(const PasteRefused&) const = default;
};
using Key = std::variant<Typed, Sequence, Paste, PasteRefused>;

/// Bytes in, keys out, however the bytes are cut. Holds at most kMaxPaste and a few bytes. A lone
/// ESC is held back until the next byte tells what it is. Alt-Enter, and Enter with a modifier
/// where the terminal tells, come as a line feed; keys of which the line editor knows nothing are
/// dropped.
class KeyDecoder {
public:
    static constexpr std::size_t kMaxPaste = 8 << 20;

    /// `bound`: text in which a sequence (without ESC) that should reach the editor all the same
    /// stands, such as a user's key bindings.
    explicit KeyDecoder(std::string bound = {}) : bound_(std::move(bound)) {}

    /// `bytes` are those of one read. A single Ctrl-C within a paste that has no end gives the
    /// paste up.
    std::vector<Key> feed(std::string_view bytes);
    /// An ESC has come, and nothing since that tells whether it begins a sequence.
    [[nodiscard]] bool holds_escape() const { return !pasting_ && pending_ == "\033"; }
    /// Nothing more has come for long: it was the key Esc. Only while holds_escape.
    Key take_held_escape();
    /// A paste has begun whose end has not come.
    [[nodiscard]] bool is_pasting() const { return pasting_; }

private:
    bool take_one(std::vector<Key>& keys, bool held_escape);
    bool take_escape(std::vector<Key>& keys, bool held_escape);
    bool take_control_sequence(std::vector<Key>& keys);
    void add_sequence(std::vector<Key>& keys, std::string_view sequence);
    bool take_paste(std::vector<Key>& keys);
    void keep_pasted(std::string_view bytes);

    std::string bound_;
    std::string pending_;  // bytes not understood yet
    bool pasting_ = false;
    std::string pasted_;
    std::size_t pasted_bytes_ = 0;
};

}  // namespace tenon::terminal
