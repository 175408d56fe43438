#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/ui/style.h"

namespace tenon::ui {

/// Decodes an HTML entity (`&amp;`, `&#8212;`, `&#x2014;`). An unknown entity, or one that is no
/// character, comes back unchanged. The result may be a control: it is still untrusted.
std::string decode_entity(std::string_view entity);

/// Joins the pieces of a paragraph, heading or cell to one styled text. In plain style, code and
/// struck text keep their Markdown marks. Texts must be harmless already (base/untrusted); a line
/// feed is a hard break.
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
    /// A link is shown as its text, followed by its target if that differs.
    void enter_link(std::string target);
    void leave_link();
    void enter_image(std::string source);
    void leave_image();

    [[nodiscard]] bool empty() const { return out_.empty() && run_.empty(); }
    /// Returns the text so far and empties it.
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
