#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/base/result.h"

/// What there is to know of sessions without opening them: for lists to choose from. Nothing here
/// keeps a journal's lock, and of a journal only a few lines are parsed.
namespace tenon::journal {

struct SessionSummary {
    std::string id;
    std::string workspace;        ///< its bytes; where it was moved, the last one
    std::string provider, model;  ///< the model of the next request
    std::string system;           ///< the system prompt
    std::string
        first_prompt;  ///< its beginning, valid UTF-8 that may hold anything; empty: none yet
    std::int64_t created_ms = 0;
    std::int64_t last_ms = 0;  ///< when the journal was last written
    std::int64_t turns = 0;    ///< answers of the model
    bool held = false;         ///< a host has it open, as far as the kernel tells
};

/// The sessions below `folder` (`<state>/sessions`) that belong to `workspace`, or all where that
/// is empty; the one written last comes first. Journals that cannot be read are passed over, with a
/// line each in `problems`, unless that is null.
std::vector<SessionSummary> list_sessions(const std::filesystem::path& folder,
                                          const std::filesystem::path& workspace,
                                          std::vector<std::string>* problems = nullptr);

/// An empty file that stands there when a session was moved to another workspace: only then the
/// whole journal must be read to learn which one.
std::filesystem::path moved_mark(const std::filesystem::path& journal);

/// The bytes of the workspace's path that a session belongs to: what its journal says last. Error:
/// `journal` is not the journal of a session, or cannot be read. Does not wait for a FIFO.
Result<std::string> workspace_of_session(const std::filesystem::path& journal);

/// An empty file that stands there when a session has gone on with another model: only then the
/// whole journal must be read to learn which one.
std::filesystem::path switched_mark(const std::filesystem::path& journal);

/// Which model a session asks, and where.
struct RecordedModel {
    std::string provider, name;
    std::string server;  ///< see RecordType::kSession; empty: it is not known
};
/// The model of the session's next request: what its journal says last. Error: as of
/// workspace_of_session.
Result<RecordedModel> model_of_session(const std::filesystem::path& journal);

/// Whether a host has the session open, for certain; `id` is a checked session id. Holds the
/// journal's lock for a moment where the kernel's list of locks does not show the file.
bool is_session_held(const std::filesystem::path& folder, const std::string& id);

/// One of them; `id` is a checked session id. Error: there is none, or its journal cannot be read.
Result<SessionSummary> summarise_session(const std::filesystem::path& folder,
                                         const std::string& id);

}  // namespace tenon::journal
