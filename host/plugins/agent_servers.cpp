#include "host/plugins/agent_servers.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <map>
#include <netinet/in.h>
#include <set>
#include <string_view>

#include "host/base/path_text.h"
#include "host/base/untrusted.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kServersSchema =
    "https://agent-plugins.org/schemas/1.0.0/mcp.schema.json";
constexpr std::string_view kRootVariable = "${PLUGIN_ROOT}";
constexpr std::string_view kDataVariable = "${PLUGIN_DATA}";

/// Members that an object may have, by its type.
const std::map<std::string, std::set<std::string>>& server_members() {
    static const std::set<std::string> remote = {"type", "url", "headers"};
    static const std::map<std::string, std::set<std::string>> members = {
        {"stdio", {"type", "command", "args", "env", "cwd"}},
        {"streamable-http", remote},
        {"sse", remote}};
    return members;
}

bool is_object_of_texts(const Json& value) {
    return value.is_object() &&
           std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string(); });
}

bool is_list_of_texts(const Json& value) {
    return value.is_array() &&
           std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string(); });
}

/// Whether the path, which need not exist, is inside `root` once its links are resolved.
bool stays_inside(const fs::path& path, const fs::path& root) {
    std::error_code failed;
    // What a dangling link leads to may appear later.
    if (fs::is_symlink(fs::symlink_status(path, failed)) && !fs::exists(path, failed)) return false;
    const fs::path real = fs::weakly_canonical(path, failed);
    return !failed && is_beneath(real.lexically_normal().string(), root.string());
}

std::string wrong_command(const Json& command, const fs::path& root) {
    const std::string* text = string_in(command);
    if (text == nullptr || text->empty()) return "command must be a text that is not empty";
    if (text->starts_with("./")) {
        return stays_inside(root / *text, root)
                   ? ""
                   : "command " + in_quotes(*text) + " leads out of the plugin's directory";
    }
    if (text->find('/') != std::string::npos)
        return "command " + in_quotes(*text) + " must be a bare name or begin with ./";
    if (*text == "." || *text == ".." || text->find_first_of(" \t\r\n") != std::string::npos)
        return "command " + in_quotes(*text) +
               " must be one name; what follows it belongs into args";
    return {};
}

/// Whether the path leads out of the directory where it begins, by its names alone: PLUGIN_DATA
/// need not exist yet.
bool climbs_out(std::string_view below) {
    int depth = 0;
    for (const fs::path& name : fs::path(below).relative_path()) {
        if (name == "..") {
            if (--depth < 0) return true;
        } else if (!name.empty() && name != ".") {
            ++depth;
        }
    }
    return false;
}

std::string wrong_cwd(const Json& cwd, const fs::path& root) {
    const std::string* text = string_in(cwd);
    if (text == nullptr) return "cwd must be a text";
    const auto begins = [text](std::string_view variable) {
        return *text == variable || text->starts_with(std::string(variable) + "/");
    };
    const std::string escape = "cwd " + in_quotes(*text) + " leads out of the plugin's directory";
    if (text->starts_with("./")) return stays_inside(root / *text, root) ? "" : escape;
    if (begins(kRootVariable)) {
        const std::string below = text->substr(kRootVariable.size());
        return stays_inside(root / ("." + below), root) ? "" : escape;
    }
    if (begins(kDataVariable)) {
        return climbs_out(std::string_view(*text).substr(kDataVariable.size()))
                   ? "cwd " + in_quotes(*text) + " leads out of PLUGIN_DATA"
                   : "";
    }
    return "cwd " + in_quotes(*text) + " must begin with ./, ${PLUGIN_ROOT} or ${PLUGIN_DATA}";
}

std::string wrong_stdio(const Json& server, const fs::path& root) {
    if (std::string wrong = wrong_command(member(server, "command"), root); !wrong.empty())
        return wrong;
    if (server.contains("args") && !is_list_of_texts(member(server, "args")))
        return "args must be a list of texts";
    if (server.contains("env")) {
        const Json& env = member(server, "env");
        if (!is_object_of_texts(env)) return "env must be an object of texts";
        for (const char* reserved : {"PLUGIN_ROOT", "PLUGIN_DATA"}) {
            if (env.contains(reserved))
                return std::string("env must not set ") + reserved + ", which the host sets";
        }
    }
    return server.contains("cwd") ? wrong_cwd(member(server, "cwd"), root) : std::string();
}

bool is_loopback(std::string_view host) {
    if (host == "localhost") return true;
    if (host.starts_with('[') && host.ends_with(']')) {
        in6_addr address{};
        const std::string text(host.substr(1, host.size() - 2));
        return ::inet_pton(AF_INET6, text.c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
    }
    // 127.0.0.0/8
    int parts = 0;
    for (std::string_view rest = host; parts < 4; ++parts) {
        const auto end = std::min(rest.find('.'), rest.size());
        const std::string_view part = rest.substr(0, end);
        if (part.empty() || part.size() > 3 ||
            !std::all_of(part.begin(), part.end(),
                         [](unsigned char c) { return std::isdigit(c) != 0; }) ||
            std::stoi(std::string(part)) > 255)
            return false;
        if (parts == 0 && part != "127") return false;
        if (end == rest.size()) return parts == 3;
        rest.remove_prefix(end + 1);
    }
    return false;
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::string wrong_url(const Json& value) {
    const std::string* text = string_in(value);
    if (text == nullptr || text->empty()) return "url must be a text that is not empty";
    const std::string shown = "url " + in_quotes(*text) + " ";
    const auto scheme_end = text->find("://");
    const std::string scheme =
        scheme_end == std::string::npos ? "" : lower_case(text->substr(0, scheme_end));
    if (scheme != "http" && scheme != "https")
        return shown + "must begin with https:// or, for this machine, http://";
    if (std::any_of(text->begin(), text->end(), [](unsigned char c) {
            return c <= 0x20 || c == 0x7F ||
                   std::string_view("\"<>\\^`{|}").find(static_cast<char>(c)) !=
                       std::string_view::npos;
        }))
        return shown + "has a character that no URL has";
    if (text->find('#') != std::string::npos) return shown + "must not have a fragment";
    const std::string_view rest = std::string_view(*text).substr(scheme_end + 3);
    std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    // The text may hold a password, so it is not shown.
    if (authority.find('@') != std::string_view::npos) return "url must not name a user";
    const bool is_bracketed = authority.starts_with('[');
    const auto host_end = is_bracketed ? authority.find(']') : authority.find(':');
    if (is_bracketed && host_end == std::string_view::npos) return shown + "has no host";
    const std::string host =
        lower_case(authority.substr(0, is_bracketed ? host_end + 1 : host_end));
    const std::string_view port = authority.substr(std::min(host.size(), authority.size()));
    if (host.empty()) return shown + "has no host";
    if (!port.empty() && (port.size() < 2 || port.size() > 6 || port.front() != ':' ||
                          !std::all_of(port.begin() + 1, port.end(),
                                       [](unsigned char c) { return std::isdigit(c) != 0; })))
        return shown + "has a port that is no number";
    if (scheme == "http" && !is_loopback(host))
        return shown + "must be https, since it is not on this machine";
    return {};
}

bool is_header_name(const std::string& name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) !=
                   std::string_view::npos;
    });
}

std::string wrong_headers(const Json& headers) {
    if (!is_object_of_texts(headers)) return "headers must be an object of texts";
    std::set<std::string> names;
    for (const auto& [name, value] : headers.items()) {
        if (!is_header_name(name)) return "headers: " + in_quotes(name) + " is no header's name";
        if (!names.insert(lower_case(name)).second)
            return "headers: " + in_quotes(name) + " is given twice";
        const std::string* text = string_in(value);
        if (std::any_of(text->begin(), text->end(),
                        [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; }))
            return "headers: the value of " + in_quotes(name) + " has a control character";
    }
    return {};
}

AgentServer judged_server(const std::string& name, const Json& server, const fs::path& root) {
    AgentServer out{name, {}, {}};
    if (!server.is_object()) {
        out.problem = "it must be an object";
        return out;
    }
    const std::string type = string_or(server, "type");
    const auto known = server_members().find(type);
    if (known == server_members().end()) {
        out.problem = server.contains("type")
                          ? "its type must be stdio, streamable-http or sse" +
                                std::string(type.empty() ? "" : ", not " + in_quotes(type))
                          : "it has no type; allowed: stdio, streamable-http, sse";
        return out;
    }
    out.type = type;
    for (const auto& [key, ignored] : server.items()) {
        if (known->second.count(key) > 0) continue;
        out.problem = "a server of type " + type + " has no member " + in_quotes(key);
        return out;
    }
    if (type == "stdio") {
        out.problem = wrong_stdio(server, root);
        return out;
    }
    out.problem = wrong_url(member(server, "url"));
    if (out.problem.empty() && server.contains("headers"))
        out.problem = wrong_headers(member(server, "headers"));
    return out;
}

}  // namespace

AgentServers read_agent_servers(const std::string& text, const fs::path& root) {
    AgentServers out;
    const auto document = parse_json(text);
    if (!document) {
        out.problem = document.error().message;
    } else if (!document->is_object()) {
        out.problem = "it must be a JSON object";
    } else if (const Json& schema = member(*document, "$schema"); schema != Json(kServersSchema)) {
        const std::string* found = string_in(schema);
        out.problem = "its $schema must be " + std::string(kServersSchema) +
                      (found == nullptr ? "" : ", not " + in_quotes(*found));
    } else if (const Json& servers = member(*document, "mcpServers"); !servers.is_object()) {
        out.problem = "its mcpServers must be an object";
    } else {
        for (const auto& [key, ignored] : document->items()) {
            if (key == "$schema" || key == "mcpServers") continue;
            out.problem = "it has the unknown member " + in_quotes(key);
            return out;
        }
        for (const auto& [name, server] : servers.items())
            out.servers.push_back(judged_server(name, server, root));
    }
    return out;
}

}  // namespace tenon::plugins
