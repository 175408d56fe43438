#include "host/agent/transcript.h"

#include <sys/stat.h>

#include "host/base/atomic_file.h"

namespace tenon::agent {

Result<std::filesystem::path> save_transcript(const std::filesystem::path& folder,
                                              std::span<const Message> messages,
                                              const Secrets& secrets) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return Error::from_errno("make the folder " + folder.string());
    std::filesystem::path file;
    std::error_code failed;
    for (int n = 1; file.empty() || std::filesystem::exists(file, failed); ++n)
        file = folder / ("transcript-" + std::to_string(n) + ".jsonl");
    std::string lines;
    for (const Message& message : messages)
        lines += secrets.redact(message.wire) + "\n";
    if (auto written = write_file_atomically(file, lines, Sync::kNo); !written)
        return written.error();
    return file;
}

}  // namespace tenon::agent
