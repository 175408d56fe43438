#pragma once

#include <cwchar>
#include <string>
#include <string_view>
#include <vector>

#include "host/ui/wide_text.h"

namespace tenon::ui {

struct Cluster {
    std::size_t bytes = 0;
    std::size_t columns = 0;
};

inline Cluster first_cluster(std::string_view text) {
    if (text.substr(0, 2) == "\033[") {
        const auto end = text.find('m');
        return {end == std::string_view::npos ? text.size() : end + 1, 0};
    }
    std::size_t bytes = 1;
    while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80)
        ++bytes;
    const std::wstring wide = to_wide(text.substr(0, bytes));
    const int columns = wide.empty() ? 0 : ::wcwidth(wide[0]);
    return {bytes, columns < 0 ? 0 : static_cast<std::size_t>(columns)};
}

inline std::size_t width_of(std::string_view line) {
    std::size_t columns = 0;
    while (!line.empty()) {
        const Cluster cluster = first_cluster(line);
        columns += cluster.columns;
        line.remove_prefix(cluster.bytes);
    }
    return columns;
}

inline std::string cut(std::string_view line, std::size_t columns) {
    if (width_of(line) <= columns) return std::string(line);
    std::string kept;
    std::size_t used = 0;
    bool styled = false;
    while (!line.empty()) {
        const Cluster cluster = first_cluster(line);
        if (used + cluster.columns + 1 > columns) break;
        used += cluster.columns;
        styled = styled || line[0] == '\033';
        kept += line.substr(0, cluster.bytes);
        line.remove_prefix(cluster.bytes);
    }
    return kept + "…" + (styled ? "\033[0m" : "");
}

inline std::vector<std::string> fold(std::string_view text, std::size_t columns) {
    std::vector<std::string> lines{""};
    std::size_t used = 0;
    while (!text.empty()) {
        const Cluster cluster = first_cluster(text);
        if (used + cluster.columns > columns) {
            lines.emplace_back();
            used = 0;
        }
        used += cluster.columns;
        lines.back() += text.substr(0, cluster.bytes);
        text.remove_prefix(cluster.bytes);
    }
    return lines;
}

}  // namespace tenon::ui
