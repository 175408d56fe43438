#include "host/terminal/key_decoder.h"

#include <algorithm>
#include <array>

#include "host/base/character.h"
#include "host/base/utf8.h"

namespace tenon::terminal {
namespace {

constexpr char kEscapeByte = '\033';
constexpr std::string_view kPasteStart = "\033[200~";
constexpr std::string_view kPasteEnd = "\033[201~";
constexpr std::size_t kLongestSequence = 64;

struct SequenceMeaning {
    std::string_view sent;  // without ESC
    std::string_view meant;
};
/// What terminals send for the keys of a line editor, and the sequence that the editor gets.
constexpr auto kSequences = std::to_array<SequenceMeaning>({
    {"[A", "[A"},        {"[B", "[B"},   {"[C", "[C"},   {"[D", "[D"},        {"OA", "[A"},
    {"OB", "[B"},        {"OC", "[C"},   {"OD", "[D"},   {"[H", "[H"},        {"[F", "[F"},
    {"OH", "[H"},        {"OF", "[F"},   {"[1~", "[H"},  {"[7~", "[H"},       {"[4~", "[F"},
    {"[8~", "[F"},       {"[3~", "[3~"}, {"[1;5C", "f"}, {"[1;3C", "f"},      {"[1;5D", "b"},
    {"[1;3D", "b"},      {"[3;5~", "d"}, {"[3;3~", "d"}, {"[13;2u", "\n"},    {"[13;3u", "\n"},
    {"[13;5u", "\n"},    {"[Z", "[Z"},   {"OM", "\r"},   {"[27;2;13~", "\n"}, {"[27;3;13~", "\n"},
    {"[27;5;13~", "\n"},
});

std::size_t character_length(unsigned char lead) {
    if (lead < 0xc2 || lead > 0xf4) return 1;
    if (lead < 0xe0) return 2;
    return lead < 0xf0 ? 3 : 4;
}

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// The number of bytes at the end of `bytes` with which `ending` may begin.
std::size_t could_begin(std::string_view bytes, std::string_view ending) {
    for (std::size_t n = std::min(bytes.size(), ending.size() - 1); n > 0; --n)
        if (bytes.substr(bytes.size() - n) == ending.substr(0, n)) return n;
    return 0;
}

std::string as_pasted(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto c = static_cast<unsigned char>(bytes[i]);
        if (c == '\r') {
            if (i + 1 >= bytes.size() || bytes[i + 1] != '\n') text.push_back('\n');
        } else if ((c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t') {
            text.push_back(bytes[i]);
        }
    }
    return utf8::repair(text);
}

}  // namespace

std::vector<Key> KeyDecoder::feed(std::string_view bytes) {
    std::vector<Key> keys;
    if (pasting_ && bytes == "\x03") {
        pasting_ = false;
        pasted_ = pending_ = {};
    }
    const bool held_escape = pending_ == "\033";
    pending_ += bytes;
    while (!pending_.empty() && take_one(keys, held_escape && keys.empty())) {
    }
    return keys;
}

Key KeyDecoder::take_held_escape() {
    pending_.clear();
    return Typed{kEscapeByte};
}

bool KeyDecoder::take_one(std::vector<Key>& keys, bool held_escape) {
    if (pasting_) return take_paste(keys);
    if (pending_[0] == kEscapeByte) return take_escape(keys, held_escape);
    const std::size_t wanted = character_length(static_cast<unsigned char>(pending_[0]));
    std::size_t length = 1;
    while (length < wanted && length < pending_.size() && is_continuation(pending_[length]))
        ++length;
    if (length < wanted && length == pending_.size()) return false;
    for (const wchar_t c : to_wide(std::string_view(pending_).substr(0, length)))
        keys.emplace_back(Typed{c});
    pending_.erase(0, length);
    return true;
}

bool KeyDecoder::take_escape(std::vector<Key>& keys, bool held_escape) {
    if (pending_.size() < 2) return false;
    if (pending_[1] == '[' || pending_[1] == 'O') return take_control_sequence(keys);
    // Alt-Enter comes in one read. Esc and then Enter are two keys.
    if ((pending_[1] == '\r' || pending_[1] == '\n') && !held_escape) {
        keys.emplace_back(Typed{L'\n'});
        pending_.erase(0, 2);
        return true;
    }
    keys.emplace_back(Typed{kEscapeByte});
    pending_.erase(0, 1);
    return true;
}

bool KeyDecoder::take_control_sequence(std::vector<Key>& keys) {
    std::size_t end = 2;
    if (pending_[1] == '[')
        while (end < pending_.size() && pending_[end] >= 0x20 && pending_[end] <= 0x3f)
            ++end;
    if (end > kLongestSequence) {
        pending_.erase(0, end);
        return true;
    }
    if (end >= pending_.size()) return false;
    const std::string sequence = pending_.substr(0, end + 1);
    pending_.erase(0, end + 1);
    if (sequence == kPasteStart) {
        pasting_ = true;
        pasted_bytes_ = 0;
    } else {
        add_sequence(keys, sequence);
    }
    return true;
}

void KeyDecoder::add_sequence(std::vector<Key>& keys, std::string_view sequence) {
    const std::string_view sent = sequence.substr(1);
    if (!bound_.empty() && bound_.find(sent) != std::string::npos) {
        keys.emplace_back(Sequence{std::string(sequence), true});
        return;
    }
    const auto* found =
        std::find_if(kSequences.begin(), kSequences.end(),
                     [&](const SequenceMeaning& meaning) { return meaning.sent == sent; });
    if (found == kSequences.end()) return;
    if (found->meant == "\n" || found->meant == "\r")
        keys.emplace_back(Typed{static_cast<wchar_t>(found->meant[0])});
    else
        keys.emplace_back(Sequence{kEscapeByte + std::string(found->meant), false});
}

bool KeyDecoder::take_paste(std::vector<Key>& keys) {
    const auto end = pending_.find(kPasteEnd);
    if (end == std::string::npos) {
        const std::size_t held = could_begin(pending_, kPasteEnd);
        keep_pasted(std::string_view(pending_).substr(0, pending_.size() - held));
        pending_.erase(0, pending_.size() - held);
        return false;
    }
    keep_pasted(std::string_view(pending_).substr(0, end));
    pending_.erase(0, end + kPasteEnd.size());
    pasting_ = false;
    if (pasted_bytes_ > kMaxPaste)
        keys.emplace_back(PasteRefused{pasted_bytes_});
    else
        keys.emplace_back(Paste{as_pasted(pasted_)});
    pasted_ = {};
    return true;
}

void KeyDecoder::keep_pasted(std::string_view bytes) {
    pasted_bytes_ += bytes.size();
    if (pasted_bytes_ > kMaxPaste)
        pasted_ = {};
    else
        pasted_ += bytes;
}

}  // namespace tenon::terminal
