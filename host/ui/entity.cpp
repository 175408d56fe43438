#include "host/ui/entity.h"

#include <charconv>
#include <cstdint>

namespace tenon::ui {
namespace {

struct Named {
    std::string_view name, text;
};
// Those that prose uses; the whole list of HTML has 2231.
constexpr Named kNamed[] = {
    {"amp", "&"},    {"lt", "<"},     {"gt", ">"},     {"quot", "\""},  {"apos", "'"},
    {"nbsp", " "},   {"hellip", "…"}, {"mdash", "—"},  {"ndash", "–"},  {"lsquo", "‘"},
    {"rsquo", "’"},  {"ldquo", "“"},  {"rdquo", "”"},  {"bull", "•"},   {"middot", "·"},
    {"copy", "©"},   {"reg", "®"},    {"trade", "™"},  {"deg", "°"},    {"plusmn", "±"},
    {"times", "×"},  {"divide", "÷"}, {"le", "≤"},     {"ge", "≥"},     {"ne", "≠"},
    {"asymp", "≈"},  {"larr", "←"},   {"rarr", "→"},   {"uarr", "↑"},   {"darr", "↓"},
    {"harr", "↔"},   {"euro", "€"},   {"pound", "£"},  {"sect", "§"},   {"para", "¶"},
    {"laquo", "«"},  {"raquo", "»"},  {"micro", "µ"},  {"infin", "∞"},  {"check", "✓"},
    {"ensp", " "},   {"emsp", " "},   {"thinsp", " "}, {"frac12", "½"}, {"lowbar", "_"},
    {"ast", "*"},    {"vert", "|"},   {"grave", "`"},  {"num", "#"},    {"colon", ":"},
    {"lbrace", "{"}, {"rbrace", "}"}, {"lsqb", "["},   {"rsqb", "]"},   {"bsol", "\\"},
};

std::string encode(std::uint32_t code) {
    const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
    const auto tail = [&](unsigned shift) { return byte(0x80U | ((code >> shift) & 0x3FU)); };
    if (code < 0x80) return {byte(code)};
    if (code < 0x800) return {byte(0xC0U | (code >> 6U)), tail(0)};
    if (code < 0x10000) return {byte(0xE0U | (code >> 12U)), tail(6), tail(0)};
    return {byte(0xF0U | (code >> 18U)), tail(12), tail(6), tail(0)};
}

std::string numeric(std::string_view digits, std::string_view whole) {
    int base = 10;
    if (!digits.empty() && (digits[0] == 'x' || digits[0] == 'X')) {
        base = 16;
        digits.remove_prefix(1);
    }
    std::uint32_t code = 0;
    const char* end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, code, base);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (error != std::errc() || stopped != end || code == 0 || surrogate || code > 0x10FFFF)
        return std::string(whole);
    return encode(code);
}

}  // namespace

std::string decode_entity(std::string_view entity) {
    if (entity.size() < 3 || entity.front() != '&' || entity.back() != ';')
        return std::string(entity);
    const std::string_view name = entity.substr(1, entity.size() - 2);
    if (name[0] == '#') return numeric(name.substr(1), entity);
    for (const Named& named : kNamed) {
        if (named.name == name) return std::string(named.text);
    }
    return std::string(entity);
}

}  // namespace tenon::ui
