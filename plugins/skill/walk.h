#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/plugin.hpp>

#include "plugins/front_matter/remarks.h"

namespace tenon::skill {

using front_matter::Remark;
/// Receives what a person should know: what is left out, and what is not as it should be.
using Tell = std::function<void(Remark kind, const std::string& message)>;

/// Finds the folders that hold a SKILL.md, which are not looked into further: at most six levels
/// deep and 2,000 folders beneath each root. Links are followed, but no folder is visited twice.
/// `.git` and `node_modules` are left out.
class Walk {
public:
    Walk(const Host& host, Tell tell) : host_(host), tell_(std::move(tell)) {}

    /// In the order of their paths; none when there is no such root.
    std::vector<std::string> below(const std::string& root);

private:
    void visit(const std::string& folder, int depth);
    /// Whether this is a folder that has not been visited, `folder` being open as `fd`.
    bool is_new(int fd);

    Host host_;
    Tell tell_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;  // device and inode
    std::vector<std::string> found_;
    int folders_left_ = 0;
};

}  // namespace tenon::skill
