#include <algorithm>
#include <cstdlib>
#include <optional>

#include "host/shell/parser.h"

/// Brace expansion, bash(1) EXPANSION: of unquoted { , .. } before all other expansions.
namespace tenon::shell {
namespace {

using Units = std::u32string;

/// A longer sequence is not expanded.
constexpr long long kLongestSequence = 512;

class Braces {
public:
    explicit Braces(std::size_t most) : left_(most) {}

    /// Nothing: there are more results, or there is more work, than allowed.
    std::optional<std::vector<Units>> expand(const Units& units, int depth) {
        const std::size_t cost = 1 + units.size() / 16;
        if (depth > kMaxDepth || left_ < cost) return std::nullopt;
        left_ -= cost;
        for (std::size_t open = units.find(U'{'); open != Units::npos;
             open = units.find(U'{', open + 1)) {
            std::vector<std::size_t> commas;
            const std::size_t close = end_of(units, open, commas);
            if (close == Units::npos) {
                // Bounds the searches that run to the end in vain.
                if (++unclosed_ > kMaxDepth) return std::nullopt;
                continue;
            }
            auto items = items_of(units, open, close, commas, depth);
            if (!items) return std::nullopt;
            if (items->empty()) continue;
            auto rests = expand(units.substr(close + 1), depth + 1);
            if (!rests) return std::nullopt;
            return product(units.substr(0, open), *items, *rests);
        }
        return std::vector<Units>{units};
    }

private:
    static std::size_t end_of(const Units& units, std::size_t open,
                              std::vector<std::size_t>& commas) {
        int depth = 0;
        for (std::size_t i = open; i < units.size(); ++i) {
            if (units[i] == U'{') ++depth;
            if (units[i] == U',' && depth == 1) commas.push_back(i);
            if (units[i] == U'}' && --depth == 0) return i;
        }
        return Units::npos;
    }

    /// The items between the braces; empty: the braces are not expanded.
    std::optional<std::vector<Units>> items_of(const Units& units, std::size_t open,
                                               std::size_t close, std::vector<std::size_t>& commas,
                                               int depth) {
        std::vector<Units> items;
        if (commas.empty()) return sequence(units.substr(open + 1, close - open - 1));
        commas.push_back(close);
        std::size_t from = open + 1;
        for (const std::size_t comma : commas) {
            auto inner = expand(units.substr(from, comma - from), depth + 1);
            if (!inner) return std::nullopt;
            items.insert(items.end(), inner->begin(), inner->end());
            from = comma + 1;
        }
        return items;
    }

    std::optional<std::vector<Units>> product(const Units& head, const std::vector<Units>& items,
                                              const std::vector<Units>& rests) {
        std::vector<Units> out;
        for (const Units& item : items)
            for (const Units& rest : rests) {
                const std::size_t cost = 1 + (head.size() + item.size() + rest.size()) / 16;
                if (left_ < cost) return std::nullopt;
                left_ -= cost;
                out.push_back(head + item + rest);
            }
        return out;
    }

    static std::optional<long long> number(const std::string& text) {
        char* stop = nullptr;
        if (text.empty() || text.size() > 18) return std::nullopt;
        const long long value = std::strtoll(text.c_str(), &stop, 10);
        const bool whole = *stop == '\0' && text[0] != ' ';
        return whole ? std::optional(value) : std::nullopt;
    }

    static bool is_letter(const std::string& text) {
        return text.size() == 1 &&
               ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'));
    }

    /// x..y or x..y..step; empty if it is not a sequence.
    static std::optional<std::vector<Units>> sequence(const Units& inside) {
        std::string text;
        for (const char32_t unit : inside) {
            if (unit >= 0x80) return std::vector<Units>{};
            text += static_cast<char>(unit);
        }
        std::vector<std::string> fields;
        for (std::size_t from = 0;;) {
            const std::size_t dots = text.find("..", from);
            fields.push_back(text.substr(from, dots - from));
            if (dots == std::string::npos) break;
            from = dots + 2;
        }
        if (fields.size() < 2 || fields.size() > 3) return std::vector<Units>{};
        const auto step = fields.size() == 3 ? number(fields[2]) : std::optional(1LL);
        if (!step) return std::vector<Units>{};
        const auto first = number(fields[0]);
        const auto last = number(fields[1]);
        if (first && last) {
            const auto width = [](const std::string& field) {
                const std::size_t sign = field[0] == '-' || field[0] == '+' ? 1 : 0;
                return field.size() > sign + 1 && field[sign] == '0' ? field.size() : 0;
            };
            return run(*first, *last, *step, std::max(width(fields[0]), width(fields[1])));
        }
        if (!is_letter(fields[0]) || !is_letter(fields[1])) return std::vector<Units>{};
        return run(fields[0][0], fields[1][0], *step, std::nullopt);
    }

    /// With a width: numbers, padded with zeroes. Without: characters.
    static std::vector<Units> run(long long first, long long last, long long step,
                                  std::optional<std::size_t> width) {
        step = std::max(1LL, std::llabs(step));
        if (std::llabs(last - first) / step >= kLongestSequence) return {U"*"};
        std::vector<Units> out;
        for (long long value = first; first <= last ? value <= last : value >= last;
             value += first <= last ? step : -step) {
            std::string text = width ? std::to_string(std::llabs(value))
                                     : std::string(1, static_cast<char>(value));
            if (width) {
                const std::size_t sign = value < 0 ? 1 : 0;
                if (text.size() + sign < *width) text.insert(0, *width - sign - text.size(), '0');
                if (sign != 0) text.insert(0, 1, '-');
            }
            out.emplace_back(text.begin(), text.end());
        }
        return out;
    }

    std::size_t left_;
    int unclosed_ = 0;
};

}  // namespace

std::vector<std::u32string> expand_braces(const std::u32string& units, std::size_t most) {
    auto out = Braces(most).expand(units, 0);
    return out ? std::move(*out) : std::vector<Units>{};
}

}  // namespace tenon::shell
