#include "plugins/file/glob_pattern.h"
#include "plugins/file/missing.h"
#include "plugins/file/text.h"
#include "plugins/file/tools.h"
#include "plugins/file/walk.h"

namespace tenon::file {
namespace {

constexpr std::size_t kMaxPaths = 1'000;

/// An absolute pattern is one below the folder that its plain beginning names.
void split_absolute(std::string& pattern, std::string& path) {
    if (pattern.empty() || pattern.front() != '/') return;
    const std::size_t wild = std::min(pattern.find_first_of("*?[{\\"), pattern.size());
    const std::size_t slash = pattern.find_last_of('/', wild == pattern.size() ? wild - 2 : wild);
    path = slash == 0 ? "/" : pattern.substr(0, slash);
    pattern.erase(0, slash + 1);
}

std::string nothing(const std::string& pattern) {
    const bool could_be_deeper = pattern.find('/') == std::string::npos;
    return could_be_deeper ? "No matches (to look in folders below too: **/" + pattern + ")"
                           : "No matches";
}

}  // namespace

std::string glob(const Host& host, const GlobArgs& args) {
    std::string pattern = args.pattern;
    std::string path = args.path;
    split_absolute(pattern, path);
    std::string why;
    const std::optional<Glob> wanted = Glob::parse(pattern, why);
    if (!wanted)
        throw Failure("The pattern " + args.pattern + " makes no sense: " + why + ".",
                      TENON_BAD_ARGS);

    const Opened start = open_or_suggest(host, path, Access::kFolder);
    std::string out;
    std::size_t found = 0;
    WalkOrder order;
    order.folders = wanted->wants_folders();
    order.deadline = std::chrono::steady_clock::now() + args.time;
    order.wanted = [&](std::string_view one) { return wanted->matches(one); };
    order.descend = [&](std::string_view one) { return wanted->may_match_below(one); };
    const WalkEnd end = walk(host, start, order, [&](const Found& one) {
        if (found == kMaxPaths) return false;
        ++found;
        out.append(one.shown()) += order.folders ? "/\n" : "\n";
        return true;
    });
    if (end == WalkEnd::kStopped) {
        out += "[cut at " + counted(kMaxPaths, "path") + ": narrow the pattern or the path]\n";
    } else if (end == WalkEnd::kTimeOver) {
        out += "[stopped when the time was over: narrow the pattern or the path]\n";
    }
    if (out.empty()) return nothing(pattern);
    out.pop_back();
    return out;
}

}  // namespace tenon::file
