#include <algorithm>
#include <cstdlib>
#include <fnmatch.h>
#include <optional>

#include "host/shell/parser.h"

/// The results of bash for literal texts: of printf's format, of the operators of ${…}.
namespace tenon::shell {
namespace {

/// Operators try each prefix or suffix of a value; longer values are not names of commands.
constexpr std::size_t kLongestTransformed = 256;

std::string without_quotes(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size())
            ++i;
        else if (text[i] == '\'' || text[i] == '"')
            continue;
        out += text[i];
    }
    return out;
}

std::string upper(std::string text, std::size_t count) {
    for (std::size_t i = 0; i < std::min(count, text.size()); ++i)
        if (text[i] >= 'a' && text[i] <= 'z') text[i] = static_cast<char>(text[i] - 'a' + 'A');
    return text;
}

std::string lower(std::string text, std::size_t count) {
    for (std::size_t i = 0; i < std::min(count, text.size()); ++i)
        if (text[i] >= 'A' && text[i] <= 'Z') text[i] = static_cast<char>(text[i] - 'A' + 'a');
    return text;
}

/// `:N` and `:N:M` with numbers.
std::optional<std::string> part_of(const std::string& value, const std::string& numbers) {
    char* stop = nullptr;
    const auto size = static_cast<long>(value.size());
    long from = std::strtol(numbers.c_str(), &stop, 10);
    if (stop == numbers.c_str()) return std::nullopt;
    if (from < 0) from += size;
    if (from < 0 || from > size) return std::nullopt;
    long length = size - from;
    if (*stop == ':') length = std::strtol(stop + 1, nullptr, 10);
    if (length < 0) length += size - from;
    if (length < 0) return std::nullopt;
    return value.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(length));
}

/// All results that # ## % %% could have.
std::vector<std::string> cut(const std::string& value, const std::string& pattern, bool front) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i <= value.size(); ++i) {
        const std::string taken = front ? value.substr(0, i) : value.substr(i);
        if (::fnmatch(pattern.c_str(), taken.c_str(), 0) != 0) continue;
        out.push_back(front ? value.substr(i) : value.substr(0, i));
        if (out.size() >= 4) break;
    }
    return out;
}

std::vector<std::string> replaced(std::string value, std::string_view operation) {
    const bool all = operation.substr(0, 1) == "/";
    if (all) operation.remove_prefix(1);
    const auto slash = operation.find('/');
    const std::string from = without_quotes(operation.substr(0, slash));
    const std::string to = slash == std::string_view::npos
                               ? std::string()
                               : without_quotes(operation.substr(slash + 1));
    if (from.empty()) return {};
    for (std::size_t at = value.find(from); at != std::string::npos;
         at = value.find(from, at + to.size())) {
        value.replace(at, from.size(), to);
        if (!all || value.size() > 4 * kLongestTransformed) break;
    }
    return {value};
}

}  // namespace

std::string formatted(const std::vector<Word>& words, std::size_t from) {
    std::string out;
    if (from >= words.size()) return out;
    std::size_t next = from + 1;
    const std::string& format = words[from].decoded;
    for (std::size_t i = 0; i < format.size(); ++i) {
        const char c = format[i];
        const bool more = i + 1 < format.size();
        if (c == '%' && more) {
            const char kind = format[++i];
            if (kind == '%')
                out += '%';
            else if (next < words.size())
                out += words[next++].decoded;
        } else if (c == '\\' && more) {
            std::size_t length = 2;
            while (length < 4 && i + length < format.size() &&
                   std::isxdigit(static_cast<unsigned char>(format[i + length])) != 0)
                ++length;
            const bool code =
                format[i + 1] == 'x' || (format[i + 1] >= '0' && format[i + 1] <= '7');
            if (!code) length = 2;
            out += decode_ansi_c(std::string_view(format).substr(i, length));
            i += length - 1;
        } else {
            out += c;
        }
    }
    return out;
}

std::vector<std::string> transformed(const std::string& value, std::string_view operation) {
    if (!operation.empty() && operation[0] == '[')
        operation.remove_prefix(std::min(operation.find(']') + 1, operation.size()));
    if (operation.empty() || value.size() > kLongestTransformed ||
        operation.size() > kLongestTransformed)
        return {};
    const char kind = operation[0];
    const std::string rest(operation.substr(1));
    const bool twice = operation.size() > 1 && operation[1] == kind;
    if (kind == '^') return {upper(value, twice ? value.size() : 1)};
    if (kind == ',') return {lower(value, twice ? value.size() : 1)};
    if (kind == '@') return {upper(value, value.size()), lower(value, value.size())};
    if (kind == '#' || kind == '%')
        return cut(value, without_quotes(operation.substr(twice ? 2 : 1)), kind == '#');
    if (kind == '/') return replaced(value, rest);
    if (kind != ':') return {};
    const auto part = part_of(value, rest);
    return part ? std::vector<std::string>{*part} : std::vector<std::string>{};
}

}  // namespace tenon::shell
