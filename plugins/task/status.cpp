#include "plugins/task/status.h"

#include <array>

namespace tenon::task {
namespace {

struct Row {
    const char* name;
    const char* mark;
};
constexpr std::array<Row, 3> kRows{
    {{"pending", "[ ]"}, {"in_progress", "[>]"}, {"completed", "[x]"}}};

}  // namespace

std::optional<Status> status_from(std::string_view name) {
    for (std::size_t i = 0; i < kRows.size(); ++i)
        if (name == kRows[i].name) return static_cast<Status>(i);
    return std::nullopt;
}

const char* name_of(Status status) {
    return kRows[static_cast<std::size_t>(status)].name;
}

const char* mark_of(Status status) {
    return kRows[static_cast<std::size_t>(status)].mark;
}

std::string one_line(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    const auto first = out.find_first_not_of(' ');
    if (first == std::string::npos) return {};
    return out.substr(first, out.find_last_not_of(' ') - first + 1);
}

}  // namespace tenon::task
