#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/call_ids.h"
#include "host/agent/conversation.h"
#include "host/agent/estimate.h"
#include "host/agent/ports.h"
#include "host/journal/deliveries.h"
#include "host/journal/journal.h"

namespace tenon::agent {

/// What is fixed for a session: the journal's first record.
struct SessionHead {
    std::string id;
    std::string workspace;  ///< absolute path, its bytes; records have it as path_to_text writes it
    std::string provider;   ///< until change_model
    std::string model;      ///< the same
    std::string system;     ///< plain text, sent unchanged in every request
    std::string tools;      ///< JSON array, sent unchanged in every request
    std::int64_t created_ms = 0;
    std::string server = {};       ///< of the provider, see RecordType::kSession; empty: unknown
    std::string parent = {};       ///< of a subagent: the session that it works for; else empty
    std::string parent_call = {};  ///< … and the tool_use there
};

/// What takes the place of a whole conversation.
struct Compressed {
    std::string trigger;     ///< auto, manual
    std::string transcript;  ///< where the whole conversation can be read
    std::string text;        ///< the summary, the jobs, todos and tasks
};

/// One conversation and its journal, `<folder>/<id>.jsonl`. Every change is written to the journal
/// before it is made, so that after SIGKILL at any byte the same conversation is read back. Used by
/// one thread; one host at a time.
///
/// The records are those of journal::RecordType.
class Session {
public:
    static constexpr std::string_view kIntroductionOrigin = "environment";

    /// Opens the session, or creates it with `fresh` as its first record when there is none.
    /// `fresh.id` is a checked session id. Damaged lines are skipped, with warnings; they stay in
    /// the file. Error, with the file unchanged: no first record can be read, or another host has
    /// the session open. `deliveries` receives the deliveries in the journal, and outlives the
    /// session; null: the session has its own.
    static Result<Session> open(const std::filesystem::path& folder, SessionHead fresh,
                                journal::Deliveries* deliveries = nullptr);

    [[nodiscard]] const SessionHead& head() const { return head_; }
    [[nodiscard]] bool resumed() const { return resumed_; }
    [[nodiscard]] const Conversation& conversation() const { return conversation_; }
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
    /// The folder for files of this session. It may be missing.
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    /// How many texts of the origin kIntroductionOrigin the conversation has, also after a prompt.
    [[nodiscard]] std::size_t introduction_texts() const { return introduction_texts_; }
    /// The tokens of a request with its system prompt, its tools and these messages.
    [[nodiscard]] std::int64_t estimated_tokens(const Conversation& conversation) const;
    [[nodiscard]] std::int64_t estimated_tokens() const { return estimated_tokens(conversation_); }
    /// The tokens of its system prompt and its tools alone.
    [[nodiscard]] std::int64_t fixed_tokens() const {
        return TokenEstimate().of(head_.system.size() + head_.tools.size());
    }
    /// What the provider counted for the last answer of this conversation, also before it was
    /// resumed; zeros: it is not known.
    [[nodiscard]] const Usage& last_usage() const { return estimate_.last(); }
    /// Which ends of jobs the journal has delivered.
    [[nodiscard]] const journal::Deliveries& deliveries() const { return *deliveries_; }
    /// The ids of the calls of this session, for its requests. A subagent's session shares those of
    /// the session that it works for.
    [[nodiscard]] CallIds& call_ids() const { return *used_ids_; }
    void share_call_ids(const Session& parent) { used_ids_ = parent.used_ids_; }
    /// The id of a call in its record. It differs only if endpoints would refuse the recorded id.
    [[nodiscard]] std::string recorded_id(const std::string& tool_use_id) const;

    /// Adds text to the open user message; `delivers` are the jobs whose end it delivers. Blank
    /// text is left out. Text of the origin kIntroductionOrigin before the first prompt stays
    /// before every summary, and needs no answer by itself.
    Result<void> add_text(std::string_view text, std::string_view origin,
                          const std::vector<std::string>& delivers = {});
    /// Adds a prompt with what is attached to it, as one record, which says when the prompt belongs
    /// to the turn that runs.
    enum class PromptPlace { kBeginsTurn, kInTurn };
    Result<void> add_prompt(const Prompt& prompt, PromptPlace place = PromptPlace::kBeginsTurn);
    Result<void> add_answer(const Answer& answer);
    Result<void> add_result(const std::string& tool_use_id, const ToolResult& result);
    /// Records the tokens of an answer that does not become part of the conversation.
    Result<void> add_usage(const Usage& usage);
    /// Empties the conversation. All calls are answered.
    Result<void> clear();
    /// See Conversation::redact.
    Result<void> redact(const std::vector<std::string>& tool_use_ids);
    /// See Conversation::leave_out_images. False: there are none.
    Result<bool> leave_out_images(Conversation::WhichImages which);
    /// Replaces the conversation by one user message: its introduction, the text, and the user's
    /// texts that no answer has followed yet, word for word. All calls are answered.
    Result<void> compress(const Compressed& compressed);
    /// The model and its server from the next request on. Messages keep their thinking, for the
    /// model that it came from (Message::origin).
    Result<void> change_model(const ModelName& model, const std::string& server);
    Result<void> change_tools(const std::string& tools);
    /// Records that the session belongs to another directory (absolute) from now on.
    Result<void> change_workspace(const std::string& workspace);

private:
    Session(journal::Journal journal, SessionHead head, std::filesystem::path folder,
            journal::Deliveries* deliveries);

    void append_attachments(const std::vector<Attachment>& attachments);
    Result<void> read(journal::Reader& reader);
    Result<void> read_place(const journal::Place& place);
    void read_record(const journal::Record& record, const std::string& where);
    void read_answer(const journal::Record& record, const std::string& where);
    std::string name_call(ToolCall& call, std::string_view block, std::uint64_t place);
    [[nodiscard]] std::string call_recorded_as(const std::string& id) const;
    [[nodiscard]] std::set<std::string> calls_recorded_as(
        const std::vector<std::string>& ids) const;
    void read_tools(const journal::Record& record);
    void read_result(const journal::Record& record, const std::string& where);
    void read_compaction(const journal::Record& record, const std::string& where);
    void note(const std::string& where, const std::string& what);
    void warn(const std::string& where, const std::string& what);
    Result<void> write_head();
    void reset_counts();
    void count(const Usage& usage);
    void answer_open_calls();
    void append_text(std::string_view text, std::string_view origin);
    /// Returns the members that the delivering record must carry.
    Result<std::string> list_deliveries(const std::vector<std::string>& jobs);

    journal::Journal journal_;
    SessionHead head_;
    std::filesystem::path folder_;
    Conversation conversation_;
    TokenEstimate estimate_;
    std::unique_ptr<journal::Deliveries> own_deliveries_;  // null: those of somebody else
    journal::Deliveries* deliveries_;
    std::size_t introduction_texts_ = 0;
    std::set<std::string> call_ids_;  // every tool_use of the conversation
    std::shared_ptr<CallIds> used_ids_ = std::make_shared<CallIds>();
    std::map<std::string, std::string>
        recorded_ids_;                           // of the calls that got another id on reading
    journal::DeliveryRecords delivery_records_;  // while reading
    std::vector<std::string> warnings_;
    bool resumed_ = false;
    bool paused_ = false;  // while reading: the last record was an answer that goes on in the next
    bool mended_ = false;  // the model saw another prefix: the thinking after it is void
};

}  // namespace tenon::agent
