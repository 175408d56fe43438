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
std::size_t character_length(unsigned char lead) {
    if (lead < 0xc2 || lead > 0xf4) return 1;
    if (lead < 0xe0) return 2;
    return lead < 0xf0 ? 3 : 4;
}

constexpr std::string_view kIntroducers = "[O]P_";  // of sequences, behind ESC

bool is_ascii_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// Whether `bytes`, behind an ESC, can only be a report of the terminal.
bool continues_report(std::string_view bytes) {
    return bytes.starts_with("[?") || bytes.starts_with("[>") || begins_string(bytes);
}

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// Also as kitty's keyboard protocol sends it.
bool is_ctrl_c(std::string_view bytes) {
    constexpr std::size_t kLongestCtrlC = 32;
    if (bytes == "\x03") return true;
    if (!bytes.starts_with("\033[") || !bytes.ends_with('u') || bytes.size() > kLongestCtrlC)
        return false;
    const DecodedSequence decoded = decode_sequence(bytes.substr(1));
    const auto* typed = std::get_if<Typed>(&decoded);
    return typed != nullptr && *typed == Typed{3};
}

/// The number of bytes at the end of `bytes` with which `ending` may begin.
std::size_t could_begin(std::string_view bytes, std::string_view ending) {
    for (std::size_t n = std::min(bytes.size(), ending.size() - 1); n > 0; --n)
        if (bytes.substr(bytes.size() - n) == ending.substr(0, n)) return n;
    return 0;
}

}  // namespace

std::string without_controls(std::string_view bytes) {
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

std::vector<Key> KeyDecoder::feed(std::string_view bytes) {
    std::vector<Key> keys;
    if (pasting_ && is_ctrl_c(bytes)) {
        pasting_ = false;
        pasted_ = pending_ = {};
    }
    escape_is_older_ = pending_ == "\033";
    // The rest of an answer whose ESC came much earlier.
    if (std::exchange(escape_was_taken_, false) && continues_report(bytes)) pending_ = "\033";
    pending_ += bytes;
    while (!pending_.empty() && take_one(keys))
        escape_is_older_ = false;
    return keys;
}

bool KeyDecoder::holds_escape() const {
    if (pasting_ || in_string_ || pending_.empty() || pending_.size() > 2) return false;
    return pending_[0] == kEscapeByte &&
           (pending_.size() == 1 || kIntroducers.find(pending_[1]) != std::string_view::npos);
}

std::vector<Key> KeyDecoder::take_held() {
    const std::string held = std::exchange(pending_, {});
    escape_was_taken_ = true;
    if (held.size() < 2) return {Typed{kEscapeByte}};
    return {Alt{static_cast<wchar_t>(held[1])}};
}

bool KeyDecoder::take_one(std::vector<Key>& keys) {
    if (pasting_) return take_paste(keys);
    if (in_string_) return take_string();
    if (pending_[0] == kEscapeByte) return take_escape(keys);
    return take_character(keys);
}

/// The length of the character there; 0 when it is not complete.
std::size_t KeyDecoder::character_at(std::size_t at) const {
    const std::size_t wanted = character_length(static_cast<unsigned char>(pending_[at]));
    std::size_t length = 1;
    while (length < wanted && at + length < pending_.size() &&
           is_continuation(pending_[at + length]))
        ++length;
    return length < wanted && at + length == pending_.size() ? 0 : length;
}

bool KeyDecoder::take_character(std::vector<Key>& keys) {
    const std::size_t length = character_at(0);
    if (length == 0) return false;
    for (const wchar_t c : to_wide(std::string_view(pending_).substr(0, length)))
        keys.emplace_back(Typed{c});
    pending_.erase(0, length);
    return true;
}

bool KeyDecoder::take_escape(std::vector<Key>& keys) {
    if (pending_.size() < 2) return false;
    switch (pending_[1]) {
        case '[':
            return take_csi(keys, 1);
        case 'O':
            return take_ss3(keys, 1);
        case ']':
        case 'P':
        case '_':
            if (pending_.size() == 2) return false;
            if (!begins_string(std::string_view(pending_).substr(1))) return take_alt(keys, 1);
            in_string_ = true;
            string_bytes_ = 0;
            pending_.erase(0, 2);
            return true;
        case kEscapeByte:
            return take_double_escape(keys);
        default:
            return take_alt(keys, 1);
    }
}

/// Some terminals send a further ESC before the sequence of a key for Alt.
bool KeyDecoder::take_double_escape(std::vector<Key>& keys) {
    if (!escape_is_older_ && pending_.size() > 3) {
        if (pending_[2] == '[') return take_csi(keys, 2);
        if (pending_[2] == 'O') return take_ss3(keys, 2);
    }
    keys.emplace_back(Typed{kEscapeByte});
    pending_.erase(0, 1);
    return true;
}

/// ESC and a character, which begins at `begin`.
bool KeyDecoder::take_alt(std::vector<Key>& keys, std::size_t begin) {
    if (escape_is_older_) {
        keys.emplace_back(Typed{kEscapeByte});
        pending_.erase(0, begin);
        return true;
    }
    const std::size_t length = character_at(begin);
    if (length == 0) return false;
    for (const wchar_t c : to_wide(std::string_view(pending_).substr(begin, length))) {
        if (c == L'\r' || c == L'\n')
            keys.emplace_back(Typed{L'\n'});
        else
            keys.emplace_back(Alt{c});
    }
    pending_.erase(0, begin + length);
    return true;
}

/// ESC [ …, behind `escapes` - 1 further ESC.
bool KeyDecoder::take_csi(std::vector<Key>& keys, std::size_t escapes) {
    const std::size_t begin = escapes + 1;
    std::size_t end = begin;
    while (end < pending_.size() && pending_[end] >= 0x20 && pending_[end] <= 0x3f)
        ++end;
    if (end > kLongestSequence) {
        pending_.erase(0, end);
        return true;
    }
    if (end >= pending_.size()) return false;
    if (end == begin && pending_[end] == '[') {  // a function key of the Linux console
        if (end + 1 >= pending_.size()) return false;
        dropped_ = true;
        pending_.erase(0, end + 2);
        return true;
    }
    if (pending_[end] < 0x40 || pending_[end] > 0x7e) {  // it is broken off
        if (end == begin) return take_alt(keys, escapes);
        pending_.erase(0, end);
        return true;
    }
    const std::string sent = pending_.substr(escapes, end + 1 - escapes);
    pending_.erase(0, end + 1);
    if (sent == kPasteStart.substr(1)) {
        pasting_ = true;
        pasted_bytes_ = 0;
    } else {
        add_sequence(keys, sent, escapes > 1);
    }
    return true;
}

/// ESC O and one character, behind `escapes` - 1 further ESC.
bool KeyDecoder::take_ss3(std::vector<Key>& keys, std::size_t escapes) {
    if (pending_.size() < escapes + 2) return false;
    const char last = pending_[escapes + 1];
    if (!is_ascii_letter(last)) return take_alt(keys, escapes);
    const std::string sent = pending_.substr(escapes, 2);
    pending_.erase(0, escapes + 2);
    add_sequence(keys, sent, escapes > 1);
    return true;
}

void KeyDecoder::add_sequence(std::vector<Key>& keys, std::string_view sent, bool with_alt) {
    DecodedSequence decoded = decode_sequence(sent, with_alt);
    if (auto* report = std::get_if<TerminalReport>(&decoded)) {
        reports_.push_back(*report);
    } else if (!bound_.empty() && bound_.find(sent) != std::string::npos) {
        keys.emplace_back(Sequence{kEscapeByte + std::string(sent), true});
    } else if (auto* typed = std::get_if<Typed>(&decoded)) {
        keys.emplace_back(*typed);
    } else if (auto* alt = std::get_if<Alt>(&decoded)) {
        keys.emplace_back(*alt);
    } else if (auto* sequence = std::get_if<Sequence>(&decoded)) {
        keys.emplace_back(std::move(*sequence));
    } else {
        dropped_ = true;
    }
}

/// Drops the rest of a string. Its end may never come: then a control code, which no such string
/// holds, ends it.
bool KeyDecoder::take_string() {
    std::size_t end = 0;
    while (end < pending_.size() && !is_control(pending_[end]) && string_bytes_ < kLongestString) {
        ++end;
        ++string_bytes_;
    }
    pending_.erase(0, end);
    if (pending_.empty()) return false;
    const bool may_be_end = pending_[0] == kEscapeByte;
    if (may_be_end && pending_.size() < 2) return false;
    in_string_ = false;
    reports_.emplace_back();
    if (pending_[0] == '\a') pending_.erase(0, 1);
    if (may_be_end && pending_[1] == '\\') pending_.erase(0, 2);
    return true;
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
        keys.emplace_back(Paste{without_controls(pasted_)});
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
