#include "host/ui/markdown_inline.h"

#include <charconv>
#include <cstdint>
#include <utility>

#include "host/base/character.h"

namespace tenon::ui {
namespace {

struct NamedEntity {
    std::string_view name, text;
};
// Those that prose uses; the whole list of HTML has 2231.
constexpr NamedEntity kEntities[] = {
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

std::string decode_number(std::string_view digits, std::string_view whole) {
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
    if (name[0] == '#') return decode_number(name.substr(1), entity);
    for (const NamedEntity& named : kEntities) {
        if (named.name == name) return std::string(named.text);
    }
    return std::string(entity);
}

Look InlineText::look() const {
    Look look;
    look.bold = strong_ > 0;
    look.italic = emphasis_ > 0;
    look.strike = strike_ > 0;
    look.underline = !links_.empty();
    if (code_ > 0) look.ink = kCode.ink;
    return look;
}

void InlineText::put(std::string_view piece, const Look& look) {
    if (look != run_look_) flush();
    run_look_ = look;
    run_ += piece;
}

void InlineText::flush() {
    out_ += paint(style_, run_look_, run_);
    run_.clear();
}

void InlineText::text(std::string_view piece) {
    put(piece, look());
    if (!links_.empty()) links_.back().text += piece;
}

void InlineText::enter_strike() {
    ++strike_;
    if (style_ == Style::kPlain) put("~~", {});
}

void InlineText::leave_strike() {
    --strike_;
    if (style_ == Style::kPlain) put("~~", {});
}

void InlineText::enter_code() {
    ++code_;
    if (style_ == Style::kPlain) put("`", {});
}

void InlineText::leave_code() {
    --code_;
    if (style_ == Style::kPlain) put("`", {});
}

void InlineText::enter_link(std::string target) {
    links_.push_back({std::move(target), {}});
}

void InlineText::leave_link() {
    const Link link = std::move(links_.back());
    links_.pop_back();
    if (link.target != link.text && link.target != "mailto:" + link.text) put_target(link);
}

void InlineText::enter_image(std::string source) {
    enter_link(std::move(source));
    text("[image: ");
}

void InlineText::leave_image() {
    text("]");
    const Link link = std::move(links_.back());
    links_.pop_back();
    put_target(link);
}

void InlineText::put_target(const Link& link) {
    if (link.target.empty()) return;
    put(link.text.empty() ? "" : " ", {});
    put("(" + link.target + ")", kDim);
}

std::string InlineText::take() {
    flush();
    return std::exchange(out_, {});
}

}  // namespace tenon::ui
