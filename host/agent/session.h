#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/agent/call_ids.h"
#include "host/agent/conversation.h"
#include "host/agent/estimate.h"
#include "host/agent/ports.h"
#include "host/journal/journal.h"
#include "host/journal/record.h"

namespace tenon::agent {

/// What is fixed for a session: the journal's first record.
struct SessionHead {
    std::string id;
    std::string workspace;  ///< absolute path, its bytes; records have it as path_to_text writes it
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

/// What takes the place of a whole conversation.
struct Compressed {
    std::string trigger;     ///< auto, manual
    std::string transcript;  ///< where the whole conversation can be read
    std::string text;        ///< the summary, and what it has to carry on
};

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
///   redaction    tool_use_ids  these results now say only which tool was used
///   compaction   trigger transcript asks front text behind
///                              one user message takes the place of the conversation: the texts of
///                              `front`, `text` with the summary, those of `behind`; what was
///                              delivered stays delivered
///   mended                     from here on the model has seen the conversation as it is read
///                              back, damaged and repaired records included
///   model        model         from here on requests name this model
///   tools        tools         from here on requests carry these tools
///   workspace    workspace     from here on the session belongs to this directory
class Session {
public:
    static constexpr std::string_view kFrontOrigin = "environment";

    /// Opens the session, or creates it with `fresh` as its first record when there is none.
    /// `fresh.id` is a checked session id. Damaged lines are skipped, with warnings; they stay in
    /// the file. Error, and the file is as it was: no first record can be read, or another host
    /// has the session open.
    static Result<Session> open(const std::filesystem::path& folder, SessionHead fresh);

    [[nodiscard]] const SessionHead& head() const { return head_; }
    [[nodiscard]] bool resumed() const { return resumed_; }
    [[nodiscard]] const Conversation& conversation() const { return conversation_; }
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
    /// Where files of this session belong; need not be there.
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    /// How many texts of the origin kFrontOrigin the conversation has, wherever they stand.
    [[nodiscard]] std::size_t front_texts() const { return front_texts_; }
    /// The tokens of the next request: with system, tools and these messages instead of its own.
    [[nodiscard]] std::int64_t estimated_tokens(const Conversation& conversation) const;
    [[nodiscard]] std::int64_t estimated_tokens() const { return estimated_tokens(conversation_); }
    /// Whether the model has been told, or is about to be, how this job ended.
    [[nodiscard]] bool is_delivered(const std::string& job) const {
        return delivered_.count(job) > 0;
    }
    /// The ids of its calls, for the requests of this session. Of a subagent: those of the session
    /// that it works for, once it shares them.
    [[nodiscard]] CallIds& call_ids() const { return *used_ids_; }
    void share_call_ids(const Session& parent) { used_ids_ = parent.used_ids_; }
    /// The id of a call in its record: the same, unless no endpoint would take that one back.
    [[nodiscard]] std::string recorded_id(const std::string& tool_use_id) const;

    /// Adds text to the open user message; `delivers` are the jobs whose end it tells. Blank text
    /// is left out. Text of the origin kFrontOrigin before the first prompt stays in front of every
    /// summary, and asks for nothing.
    Result<void> add_text(std::string_view text, std::string_view origin,
                          const std::vector<std::string>& delivers = {});
    Result<void> add_answer(const Answer& answer);
    Result<void> add_result(const std::string& tool_use_id, const ToolResult& result);
    /// Empties the conversation. All calls are answered.
    Result<void> clear();
    /// See Conversation::redact.
    Result<void> redact(const std::vector<std::string>& tool_use_ids);
    /// One user message takes the place of the conversation: its front, the text, and the user's
    /// texts that no answer has followed yet, word for word. All calls are answered.
    Result<void> compress(const Compressed& compressed);
    Result<void> change_model(const std::string& model);
    Result<void> change_tools(const std::string& tools);
    /// The session belongs to another directory from here on; absolute.
    Result<void> change_workspace(const std::string& workspace);

private:
    Session(journal::Journal journal, SessionHead head, std::filesystem::path folder)
        : journal_(std::move(journal)), head_(std::move(head)), folder_(std::move(folder)) {}

    Result<void> read(const std::vector<std::string_view>& lines, std::size_t first);
    void read_record(const journal::Record& record, const std::string& where);
    void read_answer(const journal::Record& record, const std::string& where);
    std::string name_call(ToolCall& call, std::string_view block, std::uint64_t place);
    [[nodiscard]] std::string call_recorded_as(const std::string& id) const;
    [[nodiscard]] std::set<std::string> calls_recorded_as(
        const std::vector<std::string>& ids) const;
    void read_result(const journal::Record& record, const std::string& where);
    void read_compaction(const journal::Record& record, const std::string& where);
    void note(const std::string& where, const std::string& what);
    void warn_of(const std::string& where, const std::string& what);
    Result<void> write_head();
    void forget();
    void count(const Usage& usage);
    void mend_before_text();
    void put(std::string_view text, std::string_view origin);
    /// Returns the members that the telling record must carry.
    Result<std::string> announce(const std::vector<std::string>& jobs);

    journal::Journal journal_;
    SessionHead head_;
    std::filesystem::path folder_;
    Conversation conversation_;
    TokenEstimate estimate_;
    std::set<std::string> delivered_;
    std::size_t front_texts_ = 0;
    std::set<std::string> call_ids_;  // every tool_use of the conversation
    std::shared_ptr<CallIds> used_ids_ = std::make_shared<CallIds>();
    std::map<std::string, std::string>
        recorded_ids_;  // of the calls that got another id on reading
    std::unordered_map<std::int64_t, std::vector<std::string>>
        announced_;  // while reading: seq → jobs
    std::vector<std::string> warnings_;
    bool resumed_ = false;
    bool paused_ = false;  // while reading: the last record was an answer that goes on in the next
    bool mended_ = false;  // the prefix is not what the model saw: thinking behind it is void
};

}  // namespace tenon::agent
