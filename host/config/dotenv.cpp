#include "host/config/dotenv.h"

#include <algorithm>
#include <array>
#include <optional>

#include "host/base/utf8.h"
#include "host/config/workspace_file.h"

namespace tenon::config {
namespace {

constexpr std::size_t kMaxDotenvBytes = std::size_t{1} << 20U;
constexpr std::string_view kBlanks = " \t\r";
constexpr std::array<std::string_view, 3> kNames = {"ANTHROPIC_API_KEY", "OPENAI_API_KEY",
                                                    "MODEL_ID"};

std::string_view trim(std::string_view text) {
    return utf8::trimmed(text, kBlanks);
}

bool is_comment_or_nothing(std::string_view rest) {
    rest = trim(rest);
    return rest.empty() || rest[0] == '#';
}

std::optional<std::string> single_quoted(std::string_view text) {
    const auto end = text.find('\'', 1);
    if (end == std::string_view::npos || !is_comment_or_nothing(text.substr(end + 1)))
        return std::nullopt;
    return std::string(text.substr(1, end - 1));
}

std::optional<std::string> double_quoted(std::string_view text) {
    std::string out;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            if (!is_comment_or_nothing(text.substr(i + 1))) return std::nullopt;
            return out;
        }
        if (text[i] == '\\' && i + 1 < text.size()) {
            const char c = text[++i];
            if (c == 'n') {
                out += '\n';
            } else if (c == 't') {
                out += '\t';
            } else {
                if (c != '"' && c != '\\' && c != '$') out += '\\';
                out += c;
            }
            continue;
        }
        out += text[i];
    }
    return std::nullopt;
}

std::string plain(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t'))
            return std::string(trim(text.substr(0, i)));
    }
    return std::string(trim(text));
}

std::optional<std::string> value_of(std::string_view text) {
    text = trim(text);
    if (text.starts_with('\'')) return single_quoted(text);
    if (text.starts_with('"')) return double_quoted(text);
    return plain(text);
}

void take_line(DotEnv& out, std::string_view line, const std::string& origin) {
    line = trim(line);
    if (line.starts_with("export") && line.size() > 6 &&
        kBlanks.find(line[6]) != std::string_view::npos) {
        line = trim(line.substr(6));
    }
    const auto equals = line.find('=');
    const std::string_view name = trim(line.substr(0, equals));
    if (equals == std::string_view::npos ||
        std::find(kNames.begin(), kNames.end(), name) == kNames.end())
        return;
    const auto value = value_of(line.substr(equals + 1));
    if (!value) {
        out.warnings.push_back(origin + ": " + std::string(name) +
                               " is ignored: its quotes do not end on the line");
    } else if (value->empty()) {
        out.values.erase(std::string(name));
    } else {
        out.values.insert_or_assign(std::string(name), *value);
    }
}

}  // namespace

DotEnv parse_dotenv(const std::filesystem::path& file, std::string_view text) {
    DotEnv out;
    text = utf8::without_byte_order_mark(text);
    for (int line = 1; !text.empty(); ++line) {
        const auto end = std::min(text.find('\n'), text.size());
        take_line(out, text.substr(0, end), file.string() + ":" + std::to_string(line));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

DotEnv read_dotenv(const std::filesystem::path& workspace) {
    const auto file = workspace / ".env";
    std::error_code ignored;
    if (std::filesystem::is_directory(file, ignored)) return {};
    const auto bytes = read_project_file(project_root(workspace, nullptr), file, kMaxDotenvBytes);
    if (!bytes) return {{}, {bytes.error().message + "; it is ignored"}};
    if (!*bytes) return {};
    if ((*bytes)->size() > kMaxDotenvBytes) {
        return {{},
                {"read " + file.string() + ": larger than " + std::to_string(kMaxDotenvBytes) +
                 " bytes; it is ignored"}};
    }
    return parse_dotenv(file, **bytes);
}

}  // namespace tenon::config
