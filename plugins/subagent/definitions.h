#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/plugin.hpp>

#include "plugins/front_matter/remarks.h"
#include "plugins/subagent/definition.h"

namespace tenon::subagent {

using front_matter::Remark;
/// Receives what a person should know of the files.
using Tell = std::function<void(Remark kind, const std::string& message)>;

/// The kinds of subagents as their files were at one moment; of several with one name the first.
/// Does not change.
class Definitions {
public:
    Definitions() = default;
    /// Asks the host for the files. What cannot be used is left out and told.
    static Definitions read(const Host& host, const Tell& tell);

    /// For each name in a list of tools that is not among `tools`.
    void tell_unknown_tools(const std::vector<std::string>& tools, const Tell& tell) const;

    /// Or null.
    [[nodiscard]] const Definition* find(std::string_view name) const;
    /// Why there is none of that name, and what there is, for a model.
    [[nodiscard]] std::string unknown(std::string_view name) const;
    /// What the system prompt says of them: at most 4 KiB. Empty when there are none.
    [[nodiscard]] std::string prompt() const;

private:
    void add(const std::string& file, const std::string& text, const Tell& tell);

    std::vector<Definition> definitions_;
    std::vector<std::string> untrusted_;  // files
};

}  // namespace tenon::subagent
