// Connects the tools to the ABI: their names, schemas, and the conversion of JSON arguments.
#include <limits>

#include <tenon/plugin.hpp>

#include "plugins/file/host.h"
#include "plugins/file/tools.h"

namespace tenon::file {
namespace {

constexpr std::uint32_t kLooksOnly =
    TENON_READ_ONLY | TENON_IDEMPOTENT | TENON_CLOSED_WORLD | TENON_CONCURRENT;

/// A whole number of any size, limited to 64 bits.
std::int64_t integer(const JsonView& args, std::string_view key, std::int64_t otherwise) {
    if (!args.has(key)) return otherwise;
    const double number = args.number(key);
    constexpr double kBeyond = 9223372036854775808.0;  // 2^63
    if (number >= kBeyond) return std::numeric_limits<std::int64_t>::max();
    if (number < -kBeyond) return std::numeric_limits<std::int64_t>::min();
    return args.integer(key, otherwise);
}

std::string run_read(const Host& host, const JsonView& json) {
    ReadArgs args{json.text("path"), integer(json, "offset", 1), {}};
    if (json.has("limit")) args.limit = integer(json, "limit", 1);
    return read_file(host, args);
}

std::string run_write(const Host& host, const JsonView& json) {
    return write_file(host, {json.text("path"), json.text("content")});
}

std::string run_edit(const Host& host, const JsonView& json) {
    return edit_file(host, {json.text("path"), json.text("old_text"), json.text("new_text"),
                            json.boolean("replace_all")});
}

std::string run_glob(const Host& host, const JsonView& json) {
    return glob(host, {json.text("pattern"), json.text("path", ".")});
}

std::string run_grep(const Host& host, const JsonView& json) {
    GrepArgs args;
    args.pattern = json.text("pattern");
    args.path = json.text("path", args.path);
    args.glob = json.text("glob");
    args.ignore_case = json.boolean("ignore_case");
    args.context = integer(json, "context", args.context);
    args.max_results = integer(json, "max_results", args.max_results);
    return grep(host, args);
}

/// Runs a tool with the arguments of the call; what it returns is the result.
Plugin::Function answer_of(std::string (*run)(const Host&, const JsonView&)) {
    return [run](const Call& call) { call.write(run(Host(call), call.args())); };
}

struct FilePlugin : Plugin {
    using Plugin::Plugin;

    // Names, descriptions and schemas are sent with every request, byte for byte; facts are not.
    // clang-format off
    void setup(JsonView) override {
        tool("read_file",
             "Read a text file or an image (PNG, JPEG, GIF, WebP) of the workspace. Long files: give offset (first line, from 1) and limit (lines).",
             R"({"type":"object","properties":{"path":{"type":"string"},"offset":{"type":"integer","minimum":1},"limit":{"type":"integer","minimum":1}},"required":["path"],"additionalProperties":false})",
             kLooksOnly, answer_of(run_read))
            .subject("{path}[:{offset+limit}]").reads({"path"}).shows_line_count();
        tool("write_file",
             "Create a file, or replace all of it. Makes missing folders.",
             R"({"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"],"additionalProperties":false})",
             TENON_IDEMPOTENT | TENON_CLOSED_WORLD, answer_of(run_write))
            .subject("{path}").writes({"path"}).shows_change("", "content");
        tool("edit_file",
             "Replace old_text, which must occur exactly once in the file (every occurrence with replace_all), by new_text. Quote it exactly, indentation included.",
             R"({"type":"object","properties":{"path":{"type":"string"},"old_text":{"type":"string"},"new_text":{"type":"string"},"replace_all":{"type":"boolean"}},"required":["path","old_text","new_text"],"additionalProperties":false})",
             TENON_CLOSED_WORLD, answer_of(run_edit))
            .subject("{path}").writes({"path"}).shows_change("old_text", "new_text", "replace_all");
        tool("glob",
             "List files by path pattern, such as src/**/*.{c,h}; ending in / it lists folders. Honours .gitignore.",
             R"({"type":"object","properties":{"pattern":{"type":"string"},"path":{"type":"string","description":"folder to start in"}},"required":["pattern"],"additionalProperties":false})",
             kLooksOnly, answer_of(run_glob))
            .subject("{pattern}[ in {path}]").reads({"path"}).pattern("pattern");
        tool("grep",
             "Search file contents line by line for a regular expression (RE2). Answers path:line:text. Honours .gitignore.",
             R"({"type":"object","properties":{"pattern":{"type":"string"},"path":{"type":"string","description":"file or folder"},"glob":{"type":"string","description":"only such files: *.py"},"ignore_case":{"type":"boolean"},"context":{"type":"integer","minimum":0,"description":"lines around"},"max_results":{"type":"integer","minimum":1,"description":"default 200"}},"required":["pattern"],"additionalProperties":false})",
             kLooksOnly, answer_of(run_grep))
            .subject("{pattern}[ in {path}][ ({glob})]").reads({"path"});
    }
    // clang-format on
};

}  // namespace
}  // namespace tenon::file

TENON_PLUGIN(tenon::file::FilePlugin, "file", TENON_VERSION);
