#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::front_matter {

enum class Remark {
    kLeftOut,  ///< a file, or more, cannot be used
    kOdd,      ///< it is used, and is not as it should be
};

/// What a person should know of many files: said file by file while it is little, else summed up.
/// Not thread-safe.
class Remarks {
public:
    /// What was added before is not said again.
    void add(Remark remark, const std::string& message);

    /// Lines for a person: at most four of each kind. `details` are all of those that are summed
    /// up.
    struct Lines {
        std::vector<std::string> summary;
        std::vector<std::string> details;
    };
    /// What was added since the last call, about `files` ("skills").
    Lines take(std::string_view files);

private:
    std::set<std::string> known_;
    std::array<std::vector<std::string>, 2> added_;  // by kind
};

}  // namespace tenon::front_matter
