#include "plugins/skill/catalogue.h"

#include <algorithm>
#include <sys/stat.h>

#include <tenon/paths.hpp>

#include "plugins/front_matter/document.h"
#include "plugins/front_matter/listing.h"
#include "plugins/front_matter/text.h"

namespace tenon::skill {
namespace {

using front_matter::Document;

constexpr std::size_t kMaxPrompt = 8 * 1024;
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxDescription = 1'024;

Document read_document(const Host& host, const std::string& path) {
    const File file = Paths(host).read(path);
    struct stat info {};
    if (::fstat(file.fd.get(), &info) != 0) throw system_failure("read " + path, errno);
    if (S_ISDIR(info.st_mode)) throw Failure("it is a folder");
    try {
        // A file that is too large is not read to its end; the parser reports it.
        return front_matter::parse(file.get_all(front_matter::kMaxBytes + 1));
    } catch (const front_matter::Malformed& e) {
        throw Failure(e.what());
    }
}

/// The rule of the format for names: [a-z0-9-], no hyphen at an end or beside another, at most 64.
bool is_proper_name(const std::string& name) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    return !name.empty() && name.size() <= kMaxName && name.front() != '-' && name.back() != '-' &&
           name.find("--") == std::string::npos &&
           std::all_of(name.begin(), name.end(), is_allowed);
}

/// The harmless violations of the format.
std::vector<std::string> blemishes(const Document& document, const Skill& skill,
                                   const std::string& folder_name) {
    std::vector<std::string> found;
    const std::string shown = "'" + front_matter::cut(skill.name, 2 * kMaxName) + "'";
    if (document.mended)
        found.emplace_back(
            "its front matter is not valid YAML; it is read as if its values stood in quotes");
    if (document.text("name").empty()) {
        found.emplace_back("it has no name; its folder's is used");
    } else if (!is_proper_name(skill.name)) {
        found.push_back("the name " + shown +
                        " is not made of at most 64 lower-case letters, digits and single hyphens");
    } else if (skill.name != folder_name) {
        found.push_back("the name " + shown + " is not that of its folder");
    }
    if (skill.description.size() > kMaxDescription)
        found.emplace_back("its description is longer than 1,024 bytes and is cut");
    return found;
}

Skill read_skill(const Host& host, const std::string& folder, const AddRemark& add_remark) {
    Skill skill;
    skill.folder = folder;
    const Document document = read_document(host, skill.file());
    const std::string folder_name = folder.substr(folder.rfind('/') + 1);
    skill.name = document.text("name");
    if (skill.name.empty()) skill.name = front_matter::one_line(folder_name);
    skill.description = document.text_as_written("description");
    if (skill.description.empty()) throw Failure("it has no description");
    skill.arguments = front_matter::cut(document.text_as_written("argument-hint"), kMaxName);
    skill.hidden = document.yes("disable-model-invocation");
    skill.only_model = document.no("user-invocable");
    for (const std::string& blemish : blemishes(document, skill, folder_name))
        add_remark(Remark::kOdd, skill.file() + ": " + blemish);
    return skill;
}

std::string shown(const std::string& folder, std::string_view workspace) {
    const bool inside = folder.size() > workspace.size() + 1 &&
                        folder.compare(0, workspace.size(), workspace) == 0 &&
                        folder[workspace.size()] == '/';
    return front_matter::one_line(inside ? folder.substr(workspace.size() + 1) : folder);
}

/// A skill of a directory in the Agent Plugins form, under a name that says so. That form has no
/// place for skills with flaws.
Skill read_plugin_skill(const Host& host, const Roots::PluginSkill& place) {
    std::string flaws;
    const std::string prefix = place.folder + "/SKILL.md: ";
    Skill skill = read_skill(host, place.folder, [&](Remark, const std::string& flaw) {
        flaws += (flaws.empty() ? "" : "; ") + flaw.substr(prefix.size());
    });
    if (!flaws.empty()) throw Failure(flaws);
    skill.name = place.plugin + ":" + skill.name;
    return skill;
}

/// Puts `value` in the place of every `mark`; false: there was none.
bool replace_all(std::string& text, std::string_view mark, std::string_view value) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size()) {
        text.replace(at, mark.size(), value);
        ++found;
    }
    return found > 0;
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    constexpr const char* kBlanks = " \t\r\n";
    for (auto at = text.find_first_not_of(kBlanks); at != text.npos;) {
        const auto end = text.find_first_of(kBlanks, at);
        words.emplace_back(text.substr(at, end - at));
        at = text.find_first_not_of(kBlanks, end);
    }
    return words;
}

/// The words for `$1` to `$9`; a number without a word stays.
bool replace_numbers(std::string& text, const std::vector<std::string>& words) {
    bool found = false;
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char digit = i + 1 < text.size() ? text[i + 1] : '\0';
        const bool is_last = i + 2 >= text.size() || text[i + 2] < '0' || text[i + 2] > '9';
        const auto number = static_cast<std::size_t>(digit - '0');
        if (text[i] != '$' || digit < '1' || digit > '9' || !is_last || number > words.size()) {
            out += text[i];
            continue;
        }
        out += words[number - 1];
        found = true;
        ++i;
    }
    text = std::move(out);
    return found;
}

}  // namespace

Catalogue Catalogue::scan(const Host& host, const AddRemark& add_remark) {
    Catalogue catalogue;
    Walk walk(host, add_remark);
    const Roots roots = Paths(host).roots();
    for (const std::string& root : roots.skills) {
        for (const std::string& folder : walk.below(root)) {
            try {
                catalogue.add(read_skill(host, folder, add_remark), add_remark);
            } catch (const Failure& failure) {
                add_remark(Remark::kLeftOut, folder + "/SKILL.md is left out: " + failure.what());
            }
        }
    }
    for (const Roots::PluginSkill& place : roots.plugin_skills) {
        try {
            catalogue.add(read_plugin_skill(host, place), add_remark);
        } catch (const Failure& failure) {
            add_remark(Remark::kLeftOut, place.folder + "/SKILL.md is left out: " + failure.what());
        }
    }
    return catalogue;
}

void Catalogue::add(Skill skill, const AddRemark& add_remark) {
    const auto [known, is_new] = by_name_.emplace(skill.name, skills_.size());
    if (is_new) {
        skills_.push_back(std::move(skill));
    } else {
        add_remark(Remark::kLeftOut, skill.file() +
                                         " is left out: " + skills_[known->second].file() +
                                         " has the same name and comes first");
    }
}

const Skill* Catalogue::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end() || skills_[found->second].hidden) return nullptr;
    return &skills_[found->second];
}

std::vector<std::string> Catalogue::names() const {
    std::vector<std::string> names;
    for (const Skill& skill : skills_)
        if (!skill.hidden) names.push_back(skill.name);
    return names;
}

std::vector<const Skill*> Catalogue::of_person() const {
    std::vector<const Skill*> skills;
    for (const Skill& skill : skills_)
        if (!skill.only_model) skills.push_back(&skill);
    return skills;
}

const Skill* Catalogue::find_of_person(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end() || skills_[found->second].only_model) return nullptr;
    return &skills_[found->second];
}

std::string Catalogue::prompt(std::string_view workspace) const {
    std::vector<front_matter::ListedItem> entries;
    for (const Skill& skill : skills_) {
        if (skill.hidden) continue;
        entries.push_back({skill.name + " (" + shown(skill.folder, workspace) + ")",
                           front_matter::cut(skill.description, kMaxDescription)});
    }
    if (entries.empty()) return {};
    std::string text =
        "Skills are instructions for certain kinds of work. When one fits, read it with load_skill "
        "before you begin. Files it names are relative to its folder, which stands in brackets.\n";
    constexpr std::size_t kRoomForTheNote = 128;
    const auto listing = front_matter::list(entries, kMaxPrompt - text.size() - kRoomForTheNote);
    text += listing.lines;
    if (listing.left_out > 0) {
        text += "(" + std::to_string(listing.left_out) +
                " more are not shown; load_skill answers a name it does not know with all names)\n";
    }
    text.pop_back();
    return text;
}

std::string read_body(const Host& host, const Skill& skill) {
    return read_document(host, skill.file()).body;
}

std::string with_arguments(std::string_view body, std::string_view arguments,
                           std::string_view folder) {
    std::string text(body);
    replace_all(text, "${CLAUDE_SKILL_DIR}", folder);
    // Only one of the two, so that nothing is replaced in the arguments.
    const bool used =
        replace_all(text, "$ARGUMENTS", arguments) || replace_numbers(text, words_of(arguments));
    if (!used && !arguments.empty()) text.append("\n\nARGUMENTS: ").append(arguments);
    return text;
}

}  // namespace tenon::skill
