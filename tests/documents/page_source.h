#pragma once

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/structure/sources.h"

namespace tenon::testing {

/// A manual page that the build has written: "tenon.1".
inline std::string page_source(const std::string& name) {
    return content_of(std::filesystem::path(TENON_PREFIX) / "share/man" /
                      (std::string("man") + name.back()) / name);
}

/// A line of a page as a reader sees it, roughly: without fonts and escapes.
inline std::string as_read(const std::string& line) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] != '\\' || i + 1 == line.size()) {
            out += line[i];
        } else if (line[i + 1] == 'f') {
            i += 2;
        } else if (line[i + 1] == 'e') {
            out += '\\';
            ++i;
        } else if (line[i + 1] == '(') {
            i += 3;
        } else {
            out += line[++i];
        }
    }
    return out;
}

/// The headings of the items of a page: the lines after .TP and .TQ.
inline std::vector<std::string> headings(const std::string& page) {
    std::vector<std::string> out;
    std::istringstream in(page);
    bool is_heading = false;
    for (std::string line; std::getline(in, line);) {
        if (is_heading) out.push_back(as_read(line));
        is_heading = line == ".TP" || line == ".TQ";
    }
    return out;
}

}  // namespace tenon::testing
