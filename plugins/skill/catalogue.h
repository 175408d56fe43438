#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/plugin.hpp>

#include "plugins/skill/walk.h"

namespace tenon::skill {

struct Skill {
    std::string name;         ///< one line
    std::string description;  ///< one line, not empty
    std::string folder;       ///< absolute
    std::string arguments;    ///< what a person may write behind the name; one line, may be empty
    bool hidden = false;      ///< not for the model
    bool only_model = false;  ///< not for a person

    [[nodiscard]] std::string file() const { return folder + "/SKILL.md"; }
};

/// The skills that were found at one moment; of several with one name the first. Immutable.
class Catalogue {
public:
    Catalogue() = default;
    /// Looks through the folders that the host names. What cannot be used is left out, with a
    /// remark.
    static Catalogue scan(const Host& host, const AddRemark& add_remark);

    /// A skill that is not hidden, or null.
    [[nodiscard]] const Skill* find(std::string_view name) const;
    /// The skills that are not hidden, in the order of search.
    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] bool empty() const { return names().empty(); }

    /// Those that a person may load by name, in the order of search; null if there is none of this
    /// name.
    [[nodiscard]] std::vector<const Skill*> of_person() const;
    [[nodiscard]] const Skill* find_of_person(std::string_view name) const;

    /// Their list for the system prompt, at most 8 KiB. Folders in `workspace` are shown
    /// relative to it. Empty when there are none.
    [[nodiscard]] std::string prompt(std::string_view workspace) const;

private:
    void add(Skill skill, const AddRemark& add_remark);

    std::vector<Skill> skills_;
    std::map<std::string, std::size_t, std::less<>> by_name_;
};

/// The instructions of a skill as its file has them now. Throws Failure with the reason.
std::string read_body(const Host& host, const Skill& skill);

/// The instructions with the arguments that a person gave: `$ARGUMENTS`, and `$1` to `$9` where
/// there are arguments, are replaced, else the arguments follow the body. `${CLAUDE_SKILL_DIR}`
/// becomes the skill's folder.
std::string with_arguments(std::string_view body, std::string_view arguments,
                           std::string_view folder);

}  // namespace tenon::skill
