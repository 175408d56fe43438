#include <algorithm>
#include <array>
#include <utility>

#include "host/shell/parser.h"

/// Redirections and here-documents.
namespace tenon::shell {

void ScriptParser::redirection(Part& part, std::size_t index, std::string fd) {
    static constexpr std::array<std::string_view, 12> kOperators = {
        "&>>", "<<<", "<<-", "&>", ">>", ">|", ">&", "<<", "<&", "<>", "<", ">"};
    Redirection redirection;
    redirection.fd = std::move(fd);
    const auto* op = std::find_if(kOperators.begin(), kOperators.end(),
                                  [this](std::string_view text) { return starts(text); });
    if (op != kOperators.end()) redirection.op = *op;
    advance(redirection.op.size());
    skip_blanks();
    if (peek() == '-' && (redirection.op == ">&" || redirection.op == "<&")) {
        // A token by itself: the next word follows.
        WordBuilder closes;
        closes.add('-', false);
        closes.word.written = "-";
        closes.word.plain = 1;
        advance();
        redirection.target = closes.finish();
    } else {
        redirection.target = word();
    }
    const Word& target = redirection.target;
    if (target.written.empty()) return fail("a redirection without a target");
    if (redirection.op == "<<" || redirection.op == "<<-") {
        if (target.expands || target.decoded.find('\n') != std::string::npos)
            return fail("a here-document that is not understood");
        pending_.push_back({index, part.redirections.size(), target.decoded,
                            redirection.op == "<<-", quoted_word_});
    }
    part.redirections.push_back(std::move(redirection));
}

/// Called after a newline: reads the bodies of the here-documents of its line.
void ScriptParser::here_documents() {
    for (const HereDocument& document : std::exchange(pending_, {})) {
        std::string body = here_document_body(document);
        std::string runs;
        if (!document.quoted && body.find_first_of("$`") != std::string::npos) {
            const Nesting level(*this);
            if (depth_ <= kMaxDepth && state_.charge(body.size()))
                runs = ScriptParser(body, state_, depth_, true).expansions();
        }
        // After a failed parse the part may be missing.
        if (document.part >= state_.parts.size() ||
            document.redirection >= state_.parts[document.part].redirections.size())
            continue;
        Part& part = state_.parts[document.part];
        if (part.opaque.empty()) part.opaque = std::move(runs);
        part.redirections[document.redirection].body = std::move(body);
    }
}

/// One line of a here-document, continued lines joined unless the delimiter was quoted.
struct ScriptParser::DocumentLine {
    std::string text;
    std::size_t after_delimiter =
        0;  ///< the place after its first bytes, as many as the delimiter has
};

ScriptParser::DocumentLine ScriptParser::here_document_line(const HereDocument& document) {
    DocumentLine line{{}, at_};
    const std::size_t length = document.delimiter.size();
    bool tabs = document.strip_tabs;
    const auto take = [&] {
        tabs = tabs && text_[at_] == '\t';
        if (!tabs) line.text += text_[at_];
        ++at_;
        if (line.text.size() == length) line.after_delimiter = at_;
    };
    while (at_ < text_.size() && text_[at_] != '\n') {
        if (text_[at_] == '\\' && !document.quoted && at_ + 1 < text_.size()) {
            if (text_[at_ + 1] == '\n') {
                at_ += 2;
                continue;
            }
            take();
        }
        take();
    }
    at_ = std::min(text_.size(), at_ + 1);
    return line;
}

std::string ScriptParser::here_document_body(const HereDocument& document) {
    std::string body;
    const std::size_t length = document.delimiter.size();
    while (at_ < text_.size()) {
        const DocumentLine line = here_document_line(document);
        if (line.text == document.delimiter) return body;
        // At the end of a substitution bash also accepts "EOF…)", with a warning, and continues
        // after the delimiter.
        if ((substitutions_ > 0) && line.text.size() > length &&
            line.text.compare(0, length, document.delimiter) == 0 &&
            line.text.find(')', length) != std::string::npos) {
            at_ = line.after_delimiter;
            return body;
        }
        body += line.text;
        body += '\n';
    }
    // For bash the end of the text ends it too; inside a substitution its versions differ.
    if (substitutions_ > 0 || nested_) state_.note("an unfinished here-document");
    return body;
}

}  // namespace tenon::shell
