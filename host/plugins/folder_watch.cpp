#include "host/plugins/folder_watch.h"

#include <string>
#include <sys/stat.h>
#include <system_error>

namespace tenon::plugins {

namespace fs = std::filesystem;

FolderWatch::FolderWatch(std::vector<fs::path> folders)
    : folders_(std::move(folders)), known_(stamps()) {}

FolderWatch::Stamps FolderWatch::stamps() const {
    Stamps out;
    for (const fs::path& named : folders_) {
        std::error_code error;
        const fs::path folder = fs::canonical(named, error);  // links resolved, as in open_trusted
        if (error) continue;
        for (fs::directory_iterator it(folder, error), end; !error && it != end;
             it.increment(error)) {
            struct stat info {};
            const std::string name = it->path().filename().string();
            if (name.front() == '.' || it->path().extension() != ".so" ||
                ::lstat(it->path().c_str(), &info) != 0)
                continue;
            out[it->path()] = {info.st_dev, info.st_ino, info.st_size, info.st_ctim.tv_sec,
                               info.st_ctim.tv_nsec};
        }
    }
    return out;
}

std::vector<fs::path> FolderWatch::look() {
    const Stamps now = stamps();
    std::vector<fs::path> changed;
    for (const auto& [path, stamp] : now)
        if (const auto before = known_.find(path);
            before == known_.end() || before->second != stamp)
            changed.push_back(path);
    for (const auto& [path, ignored] : known_)
        if (now.find(path) == now.end()) changed.push_back(path);
    known_ = now;
    return changed;
}

}  // namespace tenon::plugins
