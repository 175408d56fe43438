#include "packaging/documents/settings_files.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "host/config/key_texts.h"
#include "host/config/setting_values.h"

namespace tenon::documents {
namespace {

using config::KeySpec;
using config::ValueType;

constexpr std::size_t kWidth = 98;

/// Values for keys that have no default, where the type's example says too little.
const std::map<std::string_view, std::string_view> kExamples = {
    {"model.name", "claude-sonnet-4-5"},
    {"model.contextWindow", "32768"},
    {"model.reasoningEffort", "medium"},
    {"model.headers.NAME", "research"},
    {"model.fallback.N.name", "qwen3:8b"},
    {"model.caFile", "/etc/ssl/certs/ca-certificates.crt"},
    {"agent.compaction.tokenThreshold", "50000"},
    {"jobs.maxRunning", "8"},
    {"plugins.path", "/opt/tenon/plugins"},
    {"permissions.allow", "Bash(make *)"},
    {"permissions.ask", "Bash(git push *)"},
    {"permissions.deny", "Read(.env)"},
    {"sandbox.write", "/var/tmp"},
    {"sandbox.denyRead", "~/.ssh"},
    {"log.file", "/var/tmp/tenon.log"},
};

std::string example_of_type(const KeySpec& key) {
    switch (key.type) {
        case ValueType::kText:
            return "text";
        case ValueType::kChoice:
        case ValueType::kChoices:
            return std::string(config::listed_choices(key.choices).front());
        case ValueType::kInteger:
            return std::to_string(key.least);
        case ValueType::kBoolean:
            return "true";
        case ValueType::kDuration:
            return "1h";
        case ValueType::kSize:
            return "1 GiB";
        case ValueType::kDecimal:
            return "0.25";
        case ValueType::kHeader:
            return "text";
        case ValueType::kUrl:
            return "http://localhost:8080";
        case ValueType::kProxy:
            return "http://proxy.example:3128";
        case ValueType::kPath:
        case ValueType::kPaths:
            return "/var/tmp";
        case ValueType::kRules:
            return "Bash(make *)";
        case ValueType::kGrants:
            return "network";
    }
    return {};
}

std::string value_of(const KeySpec& key) {
    if (!key.default_text.empty()) return std::string(key.default_text);
    const auto example = kExamples.find(key.key);
    return example != kExamples.end() ? std::string(example->second) : example_of_type(key);
}

std::string default_words(const KeySpec& key) {
    if (!key.default_text.empty()) return std::string(key.default_text);
    return (key.otherwise.empty() ? "none" : std::string(key.otherwise)) +
           "; what stands here is an example";
}

/// The sentences about a key: what it means, what is allowed, the default.
std::string about(const KeySpec& key) {
    return std::string(key.meaning) + " Allowed: " + config::allowed_values(key) +
           ". Default: " + default_words(key) + ".";
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    std::vector<std::string> lines(1);
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (!lines.back().empty() && lines.back().size() + 1 + end > width) lines.emplace_back();
        lines.back() += (lines.back().empty() ? "" : " ") + std::string(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else {
            out += c;
        }
    }
    return out;
}

/// Text for the inside of an XML comment, which must not hold two dashes.
std::string for_comment(std::string text) {
    for (auto at = text.find("--"); at != std::string::npos; at = text.find("--", at))
        text.replace(at, 2, "- -");
    return text;
}

std::string xml_comment(const std::string& text, const std::string& indent) {
    std::string out;
    for (const std::string& line : wrapped(for_comment(text), kWidth - indent.size()))
        out += (out.empty() ? indent + "<!-- " : "\n" + indent + "     ") + line;
    return out + " -->\n";
}

/// `<model><name>value</name></model>`
std::string element(std::string_view key, const std::string& value) {
    if (key.empty()) return escaped(value);
    const auto dot = std::min(key.find('.'), key.size());
    const std::string name(key.substr(0, dot));
    return "<" + name + ">" + element(key.substr(std::min(dot + 1, key.size())), value) + "</" +
           name + ">";
}

std::string_view section_of(const KeySpec& key) {
    return key.key.substr(0, key.key.find('.'));
}

/// A key of a family with an example of its own part; in XML, a number is not written.
std::string example_key(const KeySpec& key, std::string_view number) {
    std::string out(key.key);
    if (const auto at = out.find("NAME"); at != out.npos) out.replace(at, 4, "X-Team");
    if (const auto at = out.find(".N."); at != out.npos) out.replace(at, 3, number);
    return out;
}

std::string member_of(std::string_view key) {
    return std::string(key.substr(key.rfind('.') + 1));
}

bool is_of_fallback(const KeySpec& key) {
    return key.key.find(".N.") != std::string_view::npos;
}

std::string families_in_xml() {
    std::string out, settings,
        text = "Fallback models. The first element <fallback> of a file is number 1.";
    for (const KeySpec& key : config::family_keys()) {
        if (is_of_fallback(key)) {
            text += " " + member_of(key.key) + ": " + about(key);
            settings += "    " + element(member_of(key.key), value_of(key)) + "\n";
        } else {
            out += "\n" + xml_comment(about(key), "  ") + "  <!--\n  " +
                   element(example_key(key, "."), value_of(key)) + "\n  -->\n";
        }
    }
    return out + "\n" + xml_comment(text, "  ") + "  <!--\n  <model><fallback>\n" + settings +
           "  </fallback></model>\n  -->\n";
}

std::string plugin_in_xml() {
    std::string text =
        "The keys of one plugin. \"example\" stands for its id. A plugin may have keys of its own "
        "too: see `tenon plugin info ID`.";
    std::string settings;
    for (const KeySpec& key : config::plugin_setting_keys()) {
        text += " " + std::string(key.key) + ": " + about(key);
        settings += "    " + element(key.key, value_of(key)) + "\n";
    }
    return xml_comment(text, "  ") + "  <!--\n  <plugins><example>\n" + settings +
           "  </example></plugins>\n  -->\n";
}

std::string properties_comment(const std::string& text) {
    std::string out;
    for (const std::string& line : wrapped(text, kWidth))
        out += "# " + line + "\n";
    return out;
}

std::string property(const KeySpec& key, const std::string& name) {
    return "\n" + properties_comment(about(key)) + "#" + name + (config::is_list(key) ? ".1" : "") +
           " = " + value_of(key) + "\n";
}

}  // namespace

std::string settings_in_xml() {
    std::string out =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
        xml_comment(
            "Settings of Tenon. In /etc/tenon, this file holds for all users of the machine; "
            "~/.config/tenon/tenon.xml is a user's own. tenon.xml(5) explains it.",
            "") +
        xml_comment(
            "Every setting below is a comment and has no effect. A setting counts when the signs "
            "of the comment around it are removed. An element that stands several times gives a "
            "list several values.",
            "") +
        xml_comment(
            "In /etc/tenon, a setting or a section with final=\"true\" is locked, as in <mode "
            "final=\"true\">ask</mode>: users can make it stricter, never looser. The files "
            "/etc/tenon/conf.d/*.xml and *.properties are read after this one, in order of name.",
            "") +
        xml_comment(
            "`tenon config check` checks the files. `tenon config show` shows what is in force "
            "and where it comes from.",
            "") +
        "<tenon>\n";
    std::string_view section;
    for (const KeySpec& key : config::setting_keys()) {
        if (section_of(key) != section) {
            section = section_of(key);
            out += "\n  <!-- ======== " + std::string(section) + " ======== -->\n";
        }
        out += "\n" + xml_comment(about(key), "  ") + "  <!-- " + element(key.key, value_of(key)) +
               " -->\n";
    }
    out += "\n  <!-- ======== more of model ======== -->\n" + families_in_xml();
    out += "\n  <!-- ======== one plugin ======== -->\n\n" + plugin_in_xml();
    return out + "\n</tenon>\n";
}

std::string settings_in_properties() {
    std::string out = properties_comment(
        "Settings of Tenon. In /etc/tenon, this file holds for all users of the machine; "
        "~/.config/tenon/tenon.properties is a user's own. tenon.xml(5) explains it.");
    out += "#\n" + properties_comment(
                       "Every setting below is a comment and has no effect. A setting counts when "
                       "the # before it is removed. The values of a list have numbers.");
    out += "#\n" + properties_comment(
                       "In /etc/tenon, the keys and sections that final.1, final.2, … name are "
                       "locked, as in final.1 = permissions.mode: users can make them stricter, "
                       "never looser. The files /etc/tenon/conf.d/*.xml and *.properties are read "
                       "after this one, in order of name.");
    out += "#\n" + properties_comment(
                       "`tenon config check` checks the files. `tenon config show` shows what is "
                       "in force and where it comes from.");
    for (const KeySpec& key : config::setting_keys())
        out += property(key, std::string(key.key));
    for (const KeySpec& key : config::family_keys())
        out += property(key, example_key(key, ".1."));
    out += "\n" + properties_comment("The keys of one plugin. \"example\" stands for its id.");
    for (const KeySpec& key : config::plugin_setting_keys())
        out += property(key, "plugins.example." + std::string(key.key));
    return out;
}

}  // namespace tenon::documents
