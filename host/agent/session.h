#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/agent/conversation.h"
#include "host/agent/journal.h"
#include "host/agent/ports.h"

namespace tenon::agent {

/// What is fixed for a session: the journal's first record.
struct SessionHead {
    std::string id;
    std::string workspace;  ///< absolute path
    std::string provider;
    std::string model;
    std::string system;  ///< plain text, sent unchanged in every request
    std::string tools;   ///< JSON array, sent unchanged in every request
    std::int64_t created_ms = 0;
    std::string parent = {};       ///< of a subagent: the session that it works for; else empty
    std::string parent_call = {};  ///< … and the tool_use there
};

/// What a journal says has been told, for the clean-up of jobs. Reads without the journal's lock.
struct Deliveries {
    std::set<std::string> jobs;          ///< whose end a record tells that is there
    std::set<std::string> tool_use_ids;  ///< calls that have their result
    std::string parent_call;             ///< of a subagent's journal: the call it works for
};
/// The error: the journal cannot be read. Damaged lines count as not there.
Result<Deliveries> read_deliveries(const std::filesystem::path& journal);

/// One conversation and its journal, `<folder>/<id>.jsonl`. Every change is written before it is
/// made, so that after SIGKILL at any byte the same conversation is read back. Used by one thread;
/// one host at a time.
///
/// Records (each {"v":1,"seq":N,"type":T,…}):
///   session      id workspace provider model system tools created_ms          first, once; of a
///                subagent also parent parent_call
///   user         origin text                        text of a user message
///   assistant    id model stop_reason usage content      content verbatim
///   tool_result  tool_use_id text is_error
///   delivery     jobs          the record whose member `delivery` is this one's seq tells how
///   these jobs
///                              ended; it counts only when that record is there
///   clear                      the conversation begins anew; what was delivered stays delivered
///   model        model         from here on requests name this model
///   tools        tools         from here on requests carry these tools
class Session {
public:
    /// Opens the session, or creates it with `fresh` as its first record when there is none.
    /// `fresh.id` is a checked session id. Damaged lines in the middle are skipped, with warnings.
    static Result<Session> open(const std::filesystem::path& folder, SessionHead fresh);

    [[nodiscard]] const SessionHead& head() const { return head_; }
    [[nodiscard]] bool resumed() const { return resumed_; }
    [[nodiscard]] const Conversation& conversation() const { return conversation_; }
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
    /// Whether the model has been told, or is about to be, how this job ended.
    [[nodiscard]] bool is_delivered(const std::string& job) const {
        return delivered_.count(job) > 0;
    }
    /// Whether a call has its result: what the clean-up of foreground jobs asks.
    [[nodiscard]] bool is_answered(const std::string& tool_use_id) const {
        return answered_.count(tool_use_id) > 0;
    }

    /// Adds text to the open user message; `delivers` are the jobs whose end it tells. Blank text
    /// is left out.
    Result<void> add_text(std::string_view text, std::string_view origin,
                          const std::vector<std::string>& delivers = {});
    Result<void> add_answer(const Answer& answer);
    Result<void> add_result(const std::string& tool_use_id, const ToolResult& result);
    /// Empties the conversation. All calls are answered.
    Result<void> clear();
    Result<void> change_model(const std::string& model);
    Result<void> change_tools(const std::string& tools);

private:
    Session(Journal journal, SessionHead head)
        : journal_(std::move(journal)), head_(std::move(head)) {}

    Result<void> read(const std::vector<std::string>& lines);
    void read_record(const Json& record, std::string_view line, const std::string& where);
    void read_answer(const Json& record, std::string_view line, const std::string& where);
    void warn_of(const std::string& where, const std::string& what);
    void mend_before_text();
    /// Returns the members that the telling record must carry.
    Result<std::string> announce(const std::vector<std::string>& jobs);

    Journal journal_;
    SessionHead head_;
    Conversation conversation_;
    std::set<std::string> delivered_;
    std::set<std::string> answered_;
    std::set<std::string> call_ids_;  // every tool_use of the conversation
    std::unordered_map<std::int64_t, std::vector<std::string>>
        announced_;  // while reading: seq → jobs
    std::vector<std::string> warnings_;
    bool resumed_ = false;
    bool mended_ = false;  // the prefix is not what the model saw: thinking behind it is void
};

}  // namespace tenon::agent
