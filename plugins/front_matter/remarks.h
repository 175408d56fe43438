#pragma once

#include <array>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::front_matter {

/// What a remark on a file is about.
enum class Remark {
    kLeftOut,  ///< a file, or more, cannot be used
    kOdd,      ///< it is used, but something in it is wrong
};

/// Receives a remark for a person on one file.
using AddRemark = std::function<void(Remark remark, const std::string& message)>;

/// Remarks for a person on many files: each one while they are few, else a summary. Not
/// thread-safe.
class Remarks {
public:
    /// A message that was added before is ignored.
    void add(Remark remark, const std::string& message);

    /// Lines for a person: at most four for each Remark. `details` are the messages behind a
    /// summary.
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
