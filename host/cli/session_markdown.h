#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "host/base/result.h"
#include "host/base/secrets.h"
#include "host/journal/session_entries.h"
#include "host/journal/session_list.h"

/// A conversation as a Markdown document for people. The texts of a session may hold any bytes; the
/// document is valid UTF-8 without controls.
namespace tenon::cli {

/// Turns the entries of a conversation, one after the other, into Markdown: a section for each
/// prompt and each answer; calls and results whole, in code blocks that nothing in them ends. Text
/// that only the model gets is left out. Pure.
class ConversationMarkdown {
public:
    /// What stands above the conversation.
    [[nodiscard]] static std::string heading(const journal::SessionSummary& session);
    [[nodiscard]] std::string of(const journal::SessionEntry& entry);

private:
    [[nodiscard]] std::string answer(const journal::SessionEntry& entry);
    [[nodiscard]] std::string result(const journal::SessionEntry& entry);
    std::string begin(std::string_view section);

    std::string section_;                                     // the present one
    std::vector<std::pair<std::string, std::string>> calls_;  // id, tool: without results so far
};

/// Gives `put` the whole document of the session `id` (checked) below `folder`
/// (`<state>/sessions`), piece after piece, without known keys. An Error of `put` ends it. Error
/// also: there is no such session, or its journal cannot be read.
Result<void> write_markdown(const std::filesystem::path& folder, const std::string& id,
                            const Secrets& secrets,
                            const std::function<Result<void>(const std::string&)>& put);

}  // namespace tenon::cli
