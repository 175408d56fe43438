#include "host/model/repairs.h"

#include <array>

#include <spdlog/spdlog.h>

namespace tenon::model {
namespace {

constexpr std::array kRepairCases = {
    RepairCase{Repair::kCallIdMissing, "call-id-missing",
               "a call without an id (missing, empty, null, not a string) gets one"},
    RepairCase{Repair::kCallIdUnfit, "call-id-unfit",
               "a call with an id that is in use, too long or has other characters gets another"},
    RepairCase{Repair::kArgumentsMissing, "arguments-missing",
               "arguments that are missing, null or blank are an empty object"},
    RepairCase{Repair::kArgumentsObject, "arguments-object",
               "arguments that come as an object are used in place of their text"},
    RepairCase{Repair::kArgumentsQuoted, "arguments-quoted",
               "arguments that are a JSON string with an object in it are that object"},
    RepairCase{Repair::kArgumentsBeginEmpty, "arguments-begin-empty",
               "an empty object before the fragments of the arguments is not one of them"},
    RepairCase{Repair::kArgumentsInvalid, "arguments-invalid",
               "arguments that are no JSON object: the call does not run, the model is told why"},
    RepairCase{Repair::kArgumentsCutOff, "arguments-cut-off",
               "the answer ended at a limit inside its last call, which therefore does not run"},
    RepairCase{Repair::kNameRepeated, "name-repeated",
               "a name that comes again with each fragment counts once"},
    RepairCase{Repair::kNameInPieces, "name-in-pieces", "a name that comes in pieces is joined"},
    RepairCase{Repair::kNameUnfit, "name-unfit",
               "characters that a name may not have become _, the rest of a long name is cut"},
    RepairCase{Repair::kIndexMissing, "index-missing",
               "a fragment without an index belongs to the call of its id, else of its position"},
    RepairCase{Repair::kIndexText, "index-text", "an index that is a string is its number"},
    RepairCase{Repair::kIndexReused, "index-reused",
               "several calls with the same index are told apart by id, name and arguments"},
    RepairCase{Repair::kCallsMixed, "calls-mixed",
               "fragments of a call that come after another has begun are sorted"},
    RepairCase{Repair::kCallRepeated, "call-repeated",
               "a whole call that comes a second time under its own id counts once"},
    RepairCase{Repair::kBlockEndMissing, "block-end-missing",
               "a content block without an end ends with the answer, or when its index is reused"},
    RepairCase{
        Repair::kBlocksMixed, "blocks-mixed",
        "content blocks that come mixed, or in another order than their indexes, are sorted"},
    RepairCase{Repair::kUsageUnfit, "usage-unfit",
               "a token count that is negative, absurd or no number is not used"},
    RepairCase{Repair::kStopReason, "stop-reason",
               "whether the answer calls tools follows from its calls, not from its stop reason"},
    RepairCase{Repair::kTextBlank, "text-blank", "a text of white space alone is left out"},
    RepairCase{Repair::kThinkingLast, "thinking-last",
               "thinking without text or a call behind it is left out"},
    RepairCase{Repair::kThinkTags, "think-tags",
               "thinking that stands in tags in the text is taken out of it"},
    RepairCase{Repair::kThinkEndAlone, "think-end-alone",
               "an end of thinking without its beginning: what stands before is thinking"},
    RepairCase{Repair::kCallAsText, "call-as-text",
               "a call that was written as text does not run; it is reported"},
};
static_assert(kRepairCases.size() == static_cast<std::size_t>(Repair::kCount));

}  // namespace

std::span<const RepairCase> repair_cases() {
    return kRepairCases;
}

void Repairs::log() const {
    if (made_.none()) return;
    for (const RepairCase& one : kRepairCases)
        if (has(one.repair)) spdlog::debug("repaired in the answer: {} ({})", one.name, one.what);
}

}  // namespace tenon::model
