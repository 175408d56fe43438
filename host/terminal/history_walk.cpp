#include "host/terminal/history_walk.h"

#include <algorithm>

namespace tenon::terminal {

const std::string* HistoryWalk::back(const std::vector<std::string>& entries,
                                     std::string_view line) {
    if (!walking_) {
        at_ = end_ = entries.size();
        line_ = line;
    }
    walking_ = true;
    at_ = std::min(at_, entries.size());
    return at_ == 0 ? nullptr : &entries[--at_];
}

const std::string* HistoryWalk::forward(const std::vector<std::string>& entries) {
    if (!walking_) return nullptr;
    if (++at_ < std::min(end_, entries.size())) return &entries[at_];
    walking_ = false;
    return &line_;
}

void HistorySearch::add(std::string_view text, const std::vector<std::string>& entries) {
    pattern_ += text;
    look(entries, at_ < entries.size() ? at_ + 1 : entries.size());
}

void HistorySearch::erase_last(const std::vector<std::string>& entries) {
    while (!pattern_.empty()) {
        const auto byte = static_cast<unsigned char>(pattern_.back());
        pattern_.pop_back();
        if ((byte & 0xc0) != 0x80) break;
    }
    look(entries, entries.size());
}

void HistorySearch::older(const std::vector<std::string>& entries) {
    look(entries, std::min(at_, entries.size()));
}

void HistorySearch::look(const std::vector<std::string>& entries, std::size_t below) {
    failed_ = false;
    if (pattern_.empty()) return;
    for (std::size_t i = below; i-- > 0;) {
        if (entries[i].find(pattern_) == std::string::npos) continue;
        at_ = i;
        found_ = entries[i];
        return;
    }
    failed_ = true;
}

}  // namespace tenon::terminal
