#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/ui/style.h"

namespace tenon::ui {

/// The running text of one paragraph, heading or cell: pieces come in, one styled text comes out.
/// In plain style what would be lost without colours keeps its Markdown marks (code, strike).
/// Texts are harmless already; line feeds are hard breaks.
class InlineText {
public:
    explicit InlineText(Style style) : style_(style) {}

    void text(std::string_view piece);

    void enter_emphasis() { ++emphasis_; }
    void leave_emphasis() { --emphasis_; }
    void enter_strong() { ++strong_; }
    void leave_strong() { --strong_; }
    void enter_strike();
    void leave_strike();
    void enter_code();
    void leave_code();
    /// A link shows its text, and its target behind it unless that is the text.
    void enter_link(std::string target);
    void leave_link();
    void enter_image(std::string source);
    void leave_image();

    [[nodiscard]] bool empty() const { return out_.empty() && run_.empty(); }
    /// Everything so far, and begins anew.
    std::string take();

private:
    struct Link {
        std::string target;
        std::string text;
    };
    [[nodiscard]] Look look() const;
    void put(std::string_view piece, const Look& look);
    void flush();
    void put_target(const Link& link);

    Style style_;
    int emphasis_ = 0;
    int strong_ = 0;
    int strike_ = 0;
    int code_ = 0;
    std::vector<Link> links_;
    std::string out_;
    std::string run_;  // of one look, not yet painted
    Look run_look_;
};

}  // namespace tenon::ui
