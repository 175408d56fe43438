#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/plugin.hpp>

#include "plugins/front_matter/remarks.h"
#include "plugins/subagent/definition.h"

namespace tenon::subagent {

using front_matter::AddRemark;
using front_matter::Remark;

/// The kinds of subagents that the files defined at one moment; of several with one name the first.
/// Immutable.
class Definitions {
public:
    Definitions() = default;
    /// Asks the host for the files. What cannot be used is left out, with a remark.
    static Definitions read(const Host& host, const AddRemark& add_remark);

    /// For each name in a list of tools that is not among `tools`.
    void remark_unknown_tools(const std::vector<std::string>& tools,
                              const AddRemark& add_remark) const;

    /// Null when there is none.
    [[nodiscard]] const Definition* find(std::string_view name) const;
    /// The answer to a model that has used an unknown name: the known names.
    [[nodiscard]] std::string unknown(std::string_view name) const;
    /// Their list for the system prompt, at most 4 KiB. Empty when there are none.
    [[nodiscard]] std::string prompt() const;

private:
    void add(const std::string& file, const std::string& text, const AddRemark& add_remark);

    std::vector<Definition> definitions_;
    std::vector<std::string> untrusted_;  // files
};

}  // namespace tenon::subagent
