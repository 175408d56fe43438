#include "host/model/job_ids.h"

#include "host/base/ids.h"

namespace tenon::model {
namespace {

constexpr std::size_t kIdLength = 8;

bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// The id that begins at `at` and ends with its word, or nothing.
std::string_view id_at(std::string_view text, std::size_t at) {
    const std::string_view id = text.substr(at, kIdLength);
    const bool ends = at + kIdLength >= text.size() || !is_word(text[at + kIdLength]);
    return is_job_id(id) && ends ? id : std::string_view{};
}

bool introduces_job(std::string_view before) {
    if (before.ends_with("[bg:")) return true;
    // "Error: Unknown job …" names no job.
    return before.ends_with("job ") && !before.ends_with("Unknown job ");
}

}  // namespace

std::vector<std::string> JobIdScanner::scan(std::span<const agent::Message> messages) {
    // The last scanned message is read again: text may have been added to it.
    std::size_t from = scanned_ > 0 && messages.size() >= scanned_ ? scanned_ - 1 : 0;
    std::vector<std::string> found;
    for (; from < messages.size(); ++from) {
        if (messages[from].role != agent::Role::kUser) continue;
        const std::string_view wire = messages[from].wire;
        // Both forms have one of these characters before the id.
        for (std::size_t at = wire.find_first_of(" :"); at != wire.npos;
             at = wire.find_first_of(" :", at + 1)) {
            const auto id = id_at(wire, at + 1);
            if (id.empty() || seen_.contains(id) || !introduces_job(wire.substr(0, at + 1)))
                continue;
            seen_.emplace(id);
            found.emplace_back(id);
        }
    }
    scanned_ = messages.size();
    return found;
}

std::string replace_job_ids(std::string_view text, const std::map<std::string, std::string>& ids) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const bool begins = at == 0 || !is_word(text[at - 1]);
        const auto id = begins ? id_at(text, at) : std::string_view{};
        const auto other = id.empty() ? ids.end() : ids.find(std::string(id));
        if (other != ids.end()) {
            out += other->second;
            at += kIdLength;
        } else {
            out += text[at++];
        }
    }
    return out;
}

}  // namespace tenon::model
