#include <sys/stat.h>

#include "plugins/file/missing.h"
#include "plugins/file/substitution.h"
#include "plugins/file/text.h"
#include "plugins/file/tools.h"

namespace tenon::file {
namespace {

constexpr std::size_t kMaxFile = 64U << 20U;
constexpr std::size_t kMaxLinesNamed = 10;

std::string read_all(const Host& host, const File& file, const struct stat& info) {
    if (static_cast<std::size_t>(info.st_size) > kMaxFile) {
        throw Failure(file.shown + " is larger than " + std::to_string(kMaxFile >> 20U) +
                      " MiB; change it with a command.");
    }
    std::string content;
    std::string chunk(256U << 10U, '\0');
    while (true) {
        host.check_cancelled();
        const std::size_t n = read_some(file.fd.get(), chunk.data(), chunk.size(), file.shown);
        content.append(chunk, 0, n);
        if (n < chunk.size()) return content;
        if (content.size() > kMaxFile) throw Failure(file.shown + " grows while it is read.");
    }
}

std::string not_once(const Substitution& found, const std::string& path) {
    std::string where;
    const std::vector<std::size_t> lines = found.lines();
    for (std::size_t i = 0; i < std::min(lines.size(), kMaxLinesNamed); ++i)
        where += (i == 0 ? "" : ", ") + std::to_string(lines[i]);
    if (lines.size() > kMaxLinesNamed) where += ", ...";
    return "old_text occurs " + std::to_string(found.count()) + " times in " + path + " (lines " +
           where + "). Add lines around it until it is the only one, or set replace_all.";
}

}  // namespace

std::string edit_file(const Host& host, const EditArgs& args) {
    if (args.old_text.empty()) {
        throw Failure(
            "old_text is empty: say which text to replace, or make a new file with write_file.",
            TENON_BAD_ARGS);
    }
    if (args.old_text == args.new_text) {
        throw Failure("old_text and new_text are the same: there is nothing to change.",
                      TENON_BAD_ARGS);
    }
    const File file = open_or_suggest(host, args.path);
    struct stat info {};
    if (::fstat(file.fd.get(), &info) != 0) throw system_failure("stat " + file.shown, errno);
    if (S_ISDIR(info.st_mode)) throw Failure(file.shown + " is a folder, not a file.");
    // Fails if another file has replaced the one that is read, or does so before the call ends.
    const File target = host.write(args.path, file.version);
    const std::string content = read_all(host, file, info);

    const Substitution found(content, args.old_text, args.new_text);
    if (found.count() == 0) {
        const std::string hint = why_not_found(content, args.old_text);
        throw Failure("old_text was not found in " + args.path + ". " +
                      (hint.empty() ? "Read the file again: it may have changed." : hint));
    }
    if (found.count() > 1 && !args.replace_all) throw Failure(not_once(found, args.path));
    target.put(found.apply());
    return "Edited " + args.path +
           (args.replace_all ? " (" + counted(found.count(), "replacement") + ")" : "");
}

}  // namespace tenon::file
