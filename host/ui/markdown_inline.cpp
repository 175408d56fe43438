#include "host/ui/markdown_inline.h"

#include <utility>

namespace tenon::ui {

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
