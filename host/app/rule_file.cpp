#include "host/app/rule_file.h"

#include <algorithm>
#include <optional>
#include <sys/stat.h>

#include "host/app/config_file.h"
#include "host/app/config_formats.h"
#include "host/app/layers.h"
#include "host/app/state_dir.h"
#include "host/base/atomic_file.h"
#include "host/base/private_dirs.h"

namespace tenon::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKey = "permissions.allow";

// ---------------------------------------------------------------- properties

/// A backslash, which earlier versions read as an escape.
bool has_backslash(const std::string& text) {
    return text.find('\\') != std::string::npos;
}

/// Whether lines of a properties file can hold them.
bool in_lines(const std::vector<std::string>& rules) {
    return std::none_of(rules.begin(), rules.end(), [](const std::string& rule) {
        return rule.find_first_of("\r\n") != std::string::npos || rule.ends_with('\\');
    });
}

std::string add_to_properties(std::string bytes, const std::vector<ConfigEntry>& entries,
                              const std::vector<std::string>& rules) {
    long last = 0;
    for (const ConfigEntry& entry : entries) {
        const ListItem item = list_item(entry.key);
        if (item.key == kKey) last = std::max(last, item.index);
    }
    if (!bytes.empty() && bytes.back() != '\n') bytes += '\n';
    // What is written here needs no check, and where nothing else does, no warning either.
    const bool checked = std::none_of(entries.begin(), entries.end(), [](const ConfigEntry& entry) {
        return has_backslash(entry.value);
    });
    if (checked && std::any_of(rules.begin(), rules.end(), has_backslash) &&
        bytes.find(kRawValues) == std::string::npos)
        bytes += std::string(kRawValues) + "\n";
    for (const std::string& rule : rules)
        bytes += std::string(kKey) + "." + std::to_string(++last) + " = " + rule + "\n";
    return bytes;
}

// ---------------------------------------------------------------- XML

std::string xml_text(std::string_view text) {
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

/// Walks over the tags of a document that has been parsed already.
class Tags {
public:
    struct Tag {
        std::size_t begin = 0, end = 0;  // of "<…>"
        std::string name;
        bool closes = false;
        bool empty = false;  // <x/>
    };
    explicit Tags(std::string_view text) : text_(text) {}

    std::optional<Tag> next() {
        while (true) {
            const auto begin = text_.find('<', at_);
            if (begin == std::string_view::npos) return std::nullopt;
            const std::string_view rest = text_.substr(begin);
            if (rest.starts_with("<!--")) {
                skip(begin, "-->");
            } else if (rest.starts_with("<![CDATA[")) {
                skip(begin, "]]>");
            } else if (rest.starts_with("<?")) {
                skip(begin, "?>");
            } else {
                return tag_at(begin);
            }
        }
    }

private:
    void skip(std::size_t from, std::string_view to) {
        const auto end = text_.find(to, from);
        at_ = end == std::string_view::npos ? text_.size() : end + to.size();
    }
    Tag tag_at(std::size_t begin) {
        char quote = 0;
        std::size_t end = begin + 1;
        for (; end < text_.size() && (quote != 0 || text_[end] != '>'); ++end) {
            const char c = text_[end];
            if (quote == 0 && (c == '"' || c == '\'')) {
                quote = c;
            } else if (c == quote) {
                quote = 0;
            }
        }
        at_ = std::min(end + 1, text_.size());
        Tag tag{begin, at_, {}, text_.substr(begin, 2) == "</", text_[end - 1] == '/'};
        const std::size_t name = begin + (tag.closes ? 2 : 1);
        tag.name = text_.substr(name, text_.find_first_of(" \t\r\n/>", name) - name);
        return tag;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// The blanks that its line begins with.
std::string indentation_at(std::string_view text, std::size_t at) {
    const auto line = text.rfind('\n', at == 0 ? 0 : at - 1);
    if (line == std::string_view::npos) return {};
    const std::string_view before = text.substr(line + 1, at - line - 1);
    return before.find_first_not_of(" \t") == std::string_view::npos ? std::string(before)
                                                                     : std::string();
}

std::string allow_elements(const std::vector<std::string>& rules, const std::string& indentation) {
    std::string out;
    for (const std::string& rule : rules)
        out += indentation + "<allow>" + xml_text(rule) + "</allow>\n";
    return out;
}

/// Puts `lines` before the closing tag; that keeps its own line and indentation.
void insert_before(std::string& bytes, const Tags::Tag& closing, const std::string& lines) {
    const std::string indentation = indentation_at(bytes, closing.begin);
    const std::size_t at = closing.begin - indentation.size();
    const bool own_line = at == 0 || bytes[at - 1] == '\n';
    bytes.insert(at, (own_line ? "" : "\n") + lines);
}

std::string add_to_xml(std::string bytes, const std::vector<std::string>& rules) {
    Tags tags(bytes);
    std::size_t depth = 0;
    bool inside = false;  // <tenon><permissions>
    while (const auto tag = tags.next()) {
        if (tag->empty) {
            if (depth != 0) continue;
            bytes.replace(tag->begin, tag->end - tag->begin,
                          "<tenon>\n  <permissions>\n" + allow_elements(rules, "    ") +
                              "  </permissions>\n</tenon>");
            return bytes;
        }
        if (!tag->closes) {
            if (depth == 1 && tag->name == "permissions") inside = true;
            ++depth;
            continue;
        }
        --depth;
        const std::string outer = indentation_at(bytes, tag->begin) + "  ";
        if (depth == 1 && inside) {
            insert_before(bytes, *tag, allow_elements(rules, outer));
            return bytes;
        }
        if (depth == 0) {
            insert_before(bytes, *tag,
                          outer + "<permissions>\n" + allow_elements(rules, outer + "  ") + outer +
                              "</permissions>\n");
            return bytes;
        }
    }
    return bytes;
}

// ---------------------------------------------------------------- both

/// The values under each key, in their order: what a file says, however it is laid out.
std::vector<std::pair<std::string, std::string>> said_by(const std::vector<ConfigEntry>& entries) {
    std::vector<std::pair<std::string, std::string>> said;
    for (const ConfigEntry& entry : entries)
        said.emplace_back(list_item(entry.key).key, entry.value);
    std::stable_sort(said.begin(), said.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    return said;
}

Result<ConfigFile> parse_whole(const fs::path& file, const std::string& bytes) {
    auto parsed = parse_config(file, bytes);
    if (!parsed) return parsed;
    if (!parsed->problems.empty()) return Error{parsed->problems.front()};
    return parsed;
}

Result<void> replace_file(const fs::path& file, const std::string& bytes) {
    std::error_code failed;
    const fs::path real = fs::weakly_canonical(file, failed);  // a link to it stays one
    if (failed) return Error{"follow " + file.string() + ": " + failed.message()};
    if (auto made = make_private_dirs(real.parent_path()); !made) return made;
    struct stat info {};
    const mode_t mode = ::stat(real.c_str(), &info) == 0 ? info.st_mode & 07777U : 0600U;
    return write_file_atomically(real, bytes, Sync::kYes, mode);
}

}  // namespace

fs::path user_configuration(const fs::path& folder, const std::vector<std::string>& rules) {
    std::error_code failed;
    for (const char* name : {"tenon.xml", "tenon.properties"})
        if (fs::exists(folder / name, failed)) return folder / name;
    return folder / (in_lines(rules) ? "tenon.properties" : "tenon.xml");
}

Result<fs::path> allow_permanently(const fs::path& folder, const std::vector<std::string>& rules) {
    if (folder.empty()) return Error{"no home folder is known, and so no configuration of yours"};
    auto found = find_config_file(folder);
    if (!found) return found.error();
    const fs::path file = *found ? (*found)->path : user_configuration(folder, rules);
    const bool xml = file.extension() == ".xml";
    const std::string before = *found ? (*found)->bytes : xml ? "<tenon/>\n" : "";
    if (!xml && !in_lines(rules)) {
        return Error{file.string() +
                     " cannot hold a rule of several lines, nor one that ends in a backslash; add "
                     "it to a tenon.xml"};
    }
    auto parsed = parse_whole(file, before);
    if (!parsed) return parsed.error();

    std::vector<std::string> fresh;
    std::vector<ConfigEntry> wanted = parsed->entries;
    for (const std::string& rule : rules) {
        const bool stands =
            std::any_of(wanted.begin(), wanted.end(), [&](const ConfigEntry& entry) {
                return list_item(entry.key).key == kKey && entry.value == rule;
            });
        if (stands) continue;
        fresh.push_back(rule);
        wanted.push_back({std::string(kKey), rule, {}});
    }
    if (fresh.empty()) return file;
    const std::string after =
        xml ? add_to_xml(before, fresh) : add_to_properties(before, parsed->entries, fresh);
    const auto now = parse_whole(file, after);
    if (!now || said_by(now->entries) != said_by(wanted))
        return Error{file.string() +
                     " is laid out in a way that a rule cannot be added to; add "
                     "permissions.allow yourself"};
    if (auto written = replace_file(file, after); !written) return written.error();
    return file;
}

}  // namespace tenon::app
