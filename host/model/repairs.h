#pragma once

#include <bitset>
#include <span>
#include <string_view>

namespace tenon::model {

/// What is repaired in the answers of servers.
enum class Repair {
    kCallIdMissing,
    kCallIdUnfit,
    kArgumentsMissing,
    kArgumentsObject,
    kArgumentsQuoted,
    kArgumentsBeginEmpty,
    kArgumentsInvalid,
    kArgumentsCutOff,
    kNameRepeated,
    kNameInPieces,
    kNameUnfit,
    kIndexMissing,
    kIndexText,
    kIndexReused,
    kCallsMixed,
    kCallRepeated,
    kBlockEndMissing,
    kBlocksMixed,
    kUsageUnfit,
    kStopReason,
    kTextBlank,
    kThinkingLast,
    kThinkTags,
    kThinkEndAlone,
    kCallAsText,
    kCount,  ///< how many there are
};

/// One row of the table.
struct RepairCase {
    Repair repair;
    std::string_view name;
    std::string_view what;  ///< what the server does, and what is made of it
};

/// One row for each repair, in their order.
std::span<const RepairCase> repair_cases();

/// Which repairs one answer needed.
class Repairs {
public:
    void made(Repair repair) { made_.set(static_cast<std::size_t>(repair)); }
    [[nodiscard]] bool has(Repair repair) const {
        return made_.test(static_cast<std::size_t>(repair));
    }
    /// Logs each at debug level.
    void log() const;

private:
    std::bitset<static_cast<std::size_t>(Repair::kCount)> made_;
};

}  // namespace tenon::model
