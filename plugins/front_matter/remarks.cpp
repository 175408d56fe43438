#include "plugins/front_matter/remarks.h"

#include <utility>

#include "plugins/front_matter/text.h"

namespace tenon::front_matter {
namespace {

constexpr std::size_t kMostSingly = 4;
constexpr std::size_t kExamples = 3;
constexpr std::size_t kMaxExample = 300;

std::string summed_up(const std::vector<std::string>& messages, const std::string& what) {
    std::string text = std::to_string(messages.size()) + " " + what + ": ";
    for (std::size_t i = 0; i < kExamples; ++i)
        text += cut(messages[i], kMaxExample) + "; ";
    return text + "and " + std::to_string(messages.size() - kExamples) +
           " more (log.level=info shows each)";
}

}  // namespace

void Remarks::add(Remark remark, const std::string& message) {
    if (known_.insert(message).second)
        added_[remark == Remark::kLeftOut ? 0 : 1].push_back(message);
}

Remarks::Lines Remarks::take(std::string_view files) {
    Lines lines;
    const std::string of(files);
    const std::array<std::string, 2> what = {of + " are left out", "remarks on " + of};
    for (std::size_t i = 0; i < added_.size(); ++i) {
        std::vector<std::string> messages = std::exchange(added_[i], {});
        if (messages.size() <= kMostSingly) {
            lines.summary.insert(lines.summary.end(), messages.begin(), messages.end());
        } else {
            lines.summary.push_back(summed_up(messages, what[i]));
            lines.details.insert(lines.details.end(), messages.begin(), messages.end());
        }
    }
    return lines;
}

}  // namespace tenon::front_matter
