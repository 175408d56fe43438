#include "host/sitting/journal_facts.h"

#include <algorithm>
#include <map>

#include "host/journal/reader.h"

namespace tenon::sitting {
namespace {

using journal::RecordType;

void add_name(std::vector<std::string>& names, std::string name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(std::move(name));
}

/// The lists of calls that have no result yet, by the id of the call.
class OpenChecklists {
public:
    explicit OpenChecklists(const FactsOfTool& facts_of) : facts_of_(facts_of) {}

    void add_calls(const Json& content) {
        open_.clear();
        if (!content.is_array()) return;
        for (const Json& block : content) {
            if (string_or(block, "type") != "tool_use") continue;
            const agent::ToolFacts facts = facts_of_(string_or(block, "name"));
            if (facts.result != agent::ResultView::kChecklist) continue;
            open_[string_or(block, "id")] = member(member(block, "input"), facts.items);
        }
    }
    [[nodiscard]] std::optional<Json> take(const std::string& call) {
        const auto found = open_.find(call);
        if (found == open_.end()) return std::nullopt;
        Json items = std::move(found->second);
        open_.erase(found);
        return items;
    }

private:
    const FactsOfTool& facts_of_;
    std::map<std::string, Json> open_;
};

}  // namespace

Result<JournalFacts> read_journal_facts(const std::filesystem::path& journal,
                                        const FactsOfTool& facts_of) {
    auto reader = journal::Reader::open(
        journal, {RecordType::kSession, RecordType::kModel, RecordType::kAnswer,
                  RecordType::kResult, RecordType::kClear});
    if (!reader) return reader.error();
    JournalFacts facts;
    OpenChecklists open(facts_of);
    while (true) {
        const auto record = reader->next_record();
        if (!record) return record.error();
        if (!*record) return facts;
        switch ((*record)->type()) {
            case RecordType::kSession:
            case RecordType::kModel:
                add_name(facts.models, (*record)->string("model"));
                break;
            case RecordType::kAnswer:
                open.add_calls((*record)->value("content"));
                break;
            case RecordType::kResult:
                if ((*record)->boolean("is_error", false)) break;
                if (auto items = open.take((*record)->string("tool_use_id")))
                    facts.checklist = std::move(*items);
                break;
            case RecordType::kClear:
                facts.checklist.reset();
                break;
            default:
                break;
        }
    }
}

}  // namespace tenon::sitting
