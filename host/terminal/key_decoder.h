#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Decodes the bytes that a terminal sends into keys. No I/O, no time.
namespace tenon::terminal {

/// A character or a control code, as typed.
struct Typed {
    wchar_t c = 0;
    bool operator==(const Typed&) const = default;
};
/// A key that is no character, as the sequence that the line editor knows: the cursor keys, Home
/// and End as "ESC [ A" and so on, whatever the terminal sends; the keys that move by words as "ESC
/// f".
struct Sequence {
    std::string bytes;
    bool bound = false;  ///< by the user's editrc
    bool operator==(const Sequence&) const = default;
};
/// A bracketed paste: valid UTF-8, without controls except line feeds and tabs.
struct Paste {
    std::string text;
    bool operator==(const Paste&) const = default;
};
/// A paste larger than KeyDecoder::kMaxPaste. Its text was dropped.
struct PasteRefused {
    std::size_t bytes = 0;
    bool operator==(const PasteRefused&) const = default;
};
using Key = std::variant<Typed, Sequence, Paste, PasteRefused>;

/// Bytes in, keys out; it does not matter how the bytes are cut. Holds at most kMaxPaste and a few
/// bytes. A lone ESC is held back until the next byte. Alt-Enter, and Enter with a modifier if the
/// terminal reports it, become a line feed. Keys that the line editor does not know are dropped.
class KeyDecoder {
public:
    static constexpr std::size_t kMaxPaste = 8 << 20;

    /// `bound` is the text of the user's key bindings: a sequence that occurs in it (without ESC)
    /// reaches the editor unchanged.
    explicit KeyDecoder(std::string bound = {}) : bound_(std::move(bound)) {}

    /// `bytes` are those of one read. A Ctrl-C alone in a read cancels a paste that has not ended.
    std::vector<Key> feed(std::string_view bytes);
    /// The last byte was an ESC, which may be a key or begin a sequence.
    [[nodiscard]] bool holds_escape() const { return !pasting_ && pending_ == "\033"; }
    /// Call it when no more bytes came for a while: the ESC was the key Esc. Only while
    /// holds_escape().
    Key take_held_escape();
    /// A paste has begun and not ended.
    [[nodiscard]] bool is_pasting() const { return pasting_; }

private:
    bool take_one(std::vector<Key>& keys, bool held_escape);
    bool take_escape(std::vector<Key>& keys, bool held_escape);
    bool take_control_sequence(std::vector<Key>& keys);
    void add_sequence(std::vector<Key>& keys, std::string_view sequence);
    bool take_paste(std::vector<Key>& keys);
    void keep_pasted(std::string_view bytes);

    std::string bound_;
    std::string pending_;  // bytes not decoded yet
    bool pasting_ = false;
    std::string pasted_;
    std::size_t pasted_bytes_ = 0;
};

}  // namespace tenon::terminal
