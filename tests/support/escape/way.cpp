#include "tests/support/escape/way.h"

#include <fstream>
#include <sstream>

namespace escape {

std::vector<Way> all_ways() {
    std::vector<Way> all;
    for (auto* list : {file_ways, metadata_ways, guarded_ways, secret_ways, mount_ways,
                       process_ways, kernel_ways, socket_ways}) {
        const auto ways = list();
        all.insert(all.end(), ways.begin(), ways.end());
    }
    return all;
}

bool write_to(int fd) {
    return fd >= 0 && ::write(fd, "escaped\n", 8) == 8;
}

bool write_to(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    const bool wrote = write_to(fd);
    if (fd >= 0) ::close(fd);
    return wrote;
}

bool make_file(const std::string& path) {
    return write_to(path, O_WRONLY | O_CREAT);
}

std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

bool can_read(const std::string& path) {
    return !text_of(path).empty();
}

}  // namespace escape
