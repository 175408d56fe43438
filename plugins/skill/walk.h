#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/plugin.hpp>

#include "plugins/front_matter/remarks.h"

namespace tenon::skill {

using front_matter::AddRemark;
using front_matter::Remark;

/// Finds the folders that contain a SKILL.md; folders in them are not searched. At most six levels
/// and 2,000 folders beneath each root are searched. Links are followed, but no folder is visited
/// twice. `.git` and `node_modules` are left out.
class Walk {
public:
    Walk(const Host& host, AddRemark add_remark)
        : host_(host), add_remark_(std::move(add_remark)) {}

    /// In the order of their paths; none when there is no such root.
    std::vector<std::string> below(const std::string& root);

private:
    void visit(const std::string& folder, int depth);
    /// Whether the open folder has not been visited before.
    bool is_new(int fd);

    Host host_;
    AddRemark add_remark_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;  // device and inode
    std::vector<std::string> found_;
    int folders_left_ = 0;
};

}  // namespace tenon::skill
