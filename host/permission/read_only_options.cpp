#include "host/permission/read_only_options.h"

#include <algorithm>

namespace tenon::permission {
namespace {

/// The mark after `name` in a list of long options: '=', '?' or ' '; 0 if it is not in the list.
char mark_of(std::string_view list, std::string_view name) {
    while (!list.empty()) {
        const auto end = std::min(list.find(' '), list.size());
        std::string_view entry = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        const char last = entry.empty() ? ' ' : entry.back();
        const bool marked = last == '=' || last == '?';
        if (marked) entry.remove_suffix(1);
        if (entry == name) return marked ? last : ' ';
    }
    return 0;
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

class OptionReader {
public:
    OptionReader(const std::vector<Argument>& arguments, std::size_t from,
                 const KnownOptions& known)
        : arguments_(arguments), at_(from), known_(known) {}

    ParsedOptions read() && {
        for (; at_ < arguments_.size() && out_.unknown.empty(); ++at_) {
            const std::string& text = arguments_[at_].text;
            if (text == "--") {
                out_.operands.insert(out_.operands.end(),
                                     arguments_.begin() + static_cast<std::ptrdiff_t>(at_) + 1,
                                     arguments_.end());
                break;
            }
            if (text.size() < 2 || text[0] != '-') {
                out_.operands.push_back(arguments_[at_]);
            } else if (known_.number && is_number(std::string_view(text).substr(1))) {
                out_.options.emplace_back("number", text.substr(1));
            } else if (text[1] == '-') {
                long_option(std::string_view(text).substr(2));
            } else {
                short_options(std::string_view(text).substr(1));
            }
        }
        return std::move(out_);
    }

private:
    void unknown() { out_.unknown = arguments_[at_].text; }

    void value_in_next_word(std::string_view name) {
        if (at_ + 1 >= arguments_.size()) return unknown();
        if (known_.plain_values && arguments_[at_ + 1].text.substr(0, 1) == "-") return unknown();
        out_.options.emplace_back(name, arguments_[++at_].text);
    }

    void long_option(std::string_view text) {
        const auto equals = text.find('=');
        const std::string_view name = text.substr(0, equals);
        char mark = mark_of(known_.long_names, name);
        if (mark == 0) mark = mark_of(known_.more_long_names, name);
        if (mark == 0 || (mark == ' ' && equals != std::string_view::npos)) return unknown();
        if (equals != std::string_view::npos) {
            out_.options.emplace_back(name, text.substr(equals + 1));
        } else if (mark == '=') {
            value_in_next_word(name);
        } else {
            out_.options.emplace_back(name, "");
        }
    }

    void short_options(std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const std::string_view name = text.substr(i, 1);
            if (known_.flags.find(text[i]) != std::string_view::npos) {
                out_.options.emplace_back(name, "");
                continue;
            }
            if (known_.optional.find(text[i]) != std::string_view::npos) {
                out_.options.emplace_back(name, text.substr(i + 1));
                return;
            }
            if (known_.values.find(text[i]) == std::string_view::npos) return unknown();
            if (i + 1 == text.size()) return value_in_next_word(name);
            out_.options.emplace_back(name, text.substr(i + 1));
            return;
        }
    }

    const std::vector<Argument>& arguments_;
    std::size_t at_;
    const KnownOptions& known_;
    ParsedOptions out_;
};

}  // namespace

bool ParsedOptions::has(std::string_view option) const {
    return std::any_of(options.begin(), options.end(),
                       [&](const auto& o) { return o.first == option; });
}

std::vector<std::string> ParsedOptions::values_of(std::string_view option) const {
    std::vector<std::string> out;
    for (const auto& [name, value] : options)
        if (name == option) out.push_back(value);
    return out;
}

ParsedOptions parse_options(const std::vector<Argument>& arguments, std::size_t from,
                            const KnownOptions& known) {
    return OptionReader(arguments, from, known).read();
}

}  // namespace tenon::permission
