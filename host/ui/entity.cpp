#include "host/ui/entity.h"

#include <charconv>
#include <cstdint>

#include "host/base/character.h"

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

std::string numeric(std::string_view digits, std::string_view whole) {
    int base = 10;
    if (!digits.empty() && (digits[0] == 'x' || digits[0] == 'X')) {
        base = 16;
        digits.remove_prefix(1);
    }
    std::uint32_t code = 0;
    const char* end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, code, base);
    if (error != std::errc() || stopped != end || code == 0 || !is_code_point(code))
        return std::string(whole);
    std::string text;
    append_character(text, code);
    return text;
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
