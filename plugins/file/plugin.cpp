// Connects the tools to the ABI: their names, schemas, and the conversion of JSON arguments.
#include <array>
#include <cstring>
#include <exception>
#include <limits>

#include <nlohmann/json.hpp>

#include <tenon/plugin.h>

#include "plugins/file/host.h"
#include "plugins/file/tools.h"

namespace tenon::file {
namespace {

using Json = nlohmann::json;

constexpr std::uint32_t kLooksOnly =
    TENON_READ_ONLY | TENON_IDEMPOTENT | TENON_CLOSED_WORLD | TENON_CONCURRENT;

struct ToolText {
    const char* name;
    const char* description;
    const char* schema;
    const char* facts;
    std::uint32_t flags;
    std::string (*run)(const Host& host, const Json& args);
};

/// A whole number of any size, limited to 64 bits; 2.0 is one too, as in JSON Schema.
std::int64_t integer(const Json& json, const char* key, std::int64_t otherwise) {
    const auto found = json.find(key);
    if (found == json.end()) return otherwise;
    if (found->is_number_integer() && !found->is_number_unsigned())
        return found->get<std::int64_t>();
    const double number = found->get<double>();
    constexpr double kBeyond = 9223372036854775808.0;  // 2^63
    if (number >= kBeyond) return std::numeric_limits<std::int64_t>::max();
    if (number < -kBeyond) return std::numeric_limits<std::int64_t>::min();
    return found->get<std::int64_t>();
}

std::string run_read(const Host& host, const Json& json) {
    ReadArgs args{json.at("path"), integer(json, "offset", 1), {}};
    if (json.contains("limit")) args.limit = integer(json, "limit", 1);
    return read_file(host, args);
}

std::string run_write(const Host& host, const Json& json) {
    return write_file(host, {json.at("path"), json.at("content")});
}

std::string run_edit(const Host& host, const Json& json) {
    return edit_file(host, {json.at("path"), json.at("old_text"), json.at("new_text"),
                            json.value("replace_all", false)});
}

std::string run_glob(const Host& host, const Json& json) {
    return glob(host, {json.at("pattern"), json.value("path", ".")});
}

std::string run_grep(const Host& host, const Json& json) {
    GrepArgs args;
    args.pattern = json.at("pattern");
    args.path = json.value("path", args.path);
    args.glob = json.value("glob", args.glob);
    args.ignore_case = json.value("ignore_case", args.ignore_case);
    args.context = integer(json, "context", args.context);
    args.max_results = integer(json, "max_results", args.max_results);
    return grep(host, args);
}

// Names, descriptions and schemas are sent with every request, byte for byte; facts are not.
// clang-format off
constexpr std::array<ToolText, 5> kTools{{
    {"read_file",
     "Read a text file of the workspace. Long files: give offset (first line, from 1) and limit (lines).",
     R"({"type":"object","properties":{"path":{"type":"string"},"offset":{"type":"integer","minimum":1},"limit":{"type":"integer","minimum":1}},"required":["path"],"additionalProperties":false})",
     R"({"subject":"{path}[:{offset+limit}]","reads":["path"],"result":"line_count"})",
     kLooksOnly, run_read},
    {"write_file",
     "Create a file, or replace all of it. Makes missing folders.",
     R"({"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"],"additionalProperties":false})",
     R"({"subject":"{path}","writes":["path"],"result":"change","after":"content"})",
     TENON_IDEMPOTENT | TENON_CLOSED_WORLD, run_write},
    {"edit_file",
     "Replace old_text, which must occur exactly once in the file (every occurrence with replace_all), by new_text. Quote it exactly, indentation included.",
     R"({"type":"object","properties":{"path":{"type":"string"},"old_text":{"type":"string"},"new_text":{"type":"string"},"replace_all":{"type":"boolean"}},"required":["path","old_text","new_text"],"additionalProperties":false})",
     R"({"subject":"{path}","writes":["path"],"result":"change","before":"old_text","after":"new_text","everywhere":"replace_all"})",
     TENON_CLOSED_WORLD, run_edit},
    {"glob",
     "List files by path pattern, such as src/**/*.{c,h}; ending in / it lists folders. Honours .gitignore.",
     R"({"type":"object","properties":{"pattern":{"type":"string"},"path":{"type":"string","description":"folder to start in"}},"required":["pattern"],"additionalProperties":false})",
     R"({"subject":"{pattern}[ in {path}]","reads":["path"],"pattern":"pattern"})",
     kLooksOnly, run_glob},
    {"grep",
     "Search file contents line by line for a regular expression (RE2). Answers path:line:text. Honours .gitignore.",
     R"({"type":"object","properties":{"pattern":{"type":"string"},"path":{"type":"string","description":"file or folder"},"glob":{"type":"string","description":"only such files: *.py"},"ignore_case":{"type":"boolean"},"context":{"type":"integer","minimum":0,"description":"lines around"},"max_results":{"type":"integer","minimum":1,"description":"default 200"}},"required":["pattern"],"additionalProperties":false})",
     R"({"subject":"{pattern}[ in {path}][ ({glob})]","reads":["path"]})",
     kLooksOnly, run_grep},
}};
// clang-format on

tenon_str text(const char* literal) {
    return {literal, std::strlen(literal)};
}

struct Plugin {
    explicit Plugin(const tenon_host* its_host) : host(its_host) {
        for (std::size_t i = 0; i < kTools.size(); ++i) {
            tools[i] = {sizeof(tenon_tool),          kTools[i].flags,        text(kTools[i].name),
                        text(kTools[i].description), text(kTools[i].schema), text(kTools[i].facts)};
            list[i] = &tools[i];
        }
    }
    const tenon_host* host;
    std::array<tenon_tool, kTools.size()> tools{};
    std::array<const tenon_tool*, kTools.size()> list{};
};

void put(const tenon_call* call, std::string_view chunk) {
    (void)call->write(call, {chunk.data(), chunk.size()});
}

tenon_rc create(const tenon_host* host, tenon_str, void** self, tenon_sink) noexcept try {
    *self = new Plugin(host);
    return TENON_OK;
} catch (const std::exception&) {
    return TENON_FAULT;
}

void destroy(void* self) noexcept {
    delete static_cast<Plugin*>(self);
}

tenon_rc list_tools(void* self, const tenon_tool* const** list, std::uint32_t* count) noexcept {
    const auto& plugin = *static_cast<const Plugin*>(self);
    *list = plugin.list.data();
    *count = static_cast<std::uint32_t>(plugin.list.size());
    return TENON_OK;
}

tenon_rc invoke(void* self, const tenon_call* call) noexcept try {
    const std::string_view name(call->tool.p, call->tool.n);
    const Host host(static_cast<const Plugin*>(self)->host, call);
    for (const ToolText& tool : kTools) {
        if (name != tool.name) continue;
        put(call, tool.run(host, Json::parse(call->args.p, call->args.p + call->args.n)));
        return TENON_OK;
    }
    put(call, "no such tool in this plugin");
    return TENON_FAULT;
} catch (const Failure& failure) {
    put(call, failure.what());
    return failure.rc();
} catch (const Json::exception& e) {
    put(call, e.what());
    return TENON_BAD_ARGS;
} catch (const std::exception& e) {
    put(call, e.what());
    return TENON_FAULT;
}

}  // namespace
}  // namespace tenon::file

TENON_PLUGIN_NOTE("file");

extern "C" TENON_EXPORT const tenon_plugin* tenon_plugin_v1(void) {
    static const tenon_plugin plugin = {sizeof(tenon_plugin),
                                        TENON_ABI_MAJOR,
                                        TENON_ABI_MINOR,
                                        {"file", 4},
                                        {TENON_VERSION, sizeof TENON_VERSION - 1},
                                        {nullptr, 0},
                                        tenon::file::create,
                                        tenon::file::destroy,
                                        tenon::file::list_tools,
                                        tenon::file::invoke,
                                        nullptr,
                                        nullptr};
    return &plugin;
}
