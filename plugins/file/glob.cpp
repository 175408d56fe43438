#include <vector>

#include "plugins/file/glob_pattern.h"
#include "plugins/file/missing.h"
#include "plugins/file/text.h"
#include "plugins/file/tools.h"
#include "plugins/file/walk.h"

namespace tenon::file {
namespace {

constexpr std::size_t kMaxPaths = 1'000;

/// An absolute pattern is searched below the directory that its part without wildcards names. A
/// pattern that begins with `~/` is split too, so that the host refuses it like any `~` and says
/// what to write.
void split_absolute(std::string& pattern, std::string& path) {
    if (pattern.substr(0, 1) != "/" && pattern.substr(0, 2) != "~/") return;
    const std::size_t wild = std::min(pattern.find_first_of("*?[{\\"), pattern.size());
    const std::size_t slash = pattern.find_last_of('/', wild == pattern.size() ? wild - 2 : wild);
    path = slash == 0 ? "/" : pattern.substr(0, slash);
    pattern.erase(0, slash + 1);
}

/// The folders at the beginning of the pattern that have no wildcards; empty when there are none.
std::string plain_beginning(const std::string& pattern) {
    const std::size_t wild = std::min(pattern.find_first_of("*?[{\\"), pattern.size());
    const std::size_t slash = wild == 0 ? std::string::npos : pattern.rfind('/', wild - 1);
    return slash == std::string::npos ? std::string() : pattern.substr(0, slash);
}

/// Why the folder that a pattern begins with cannot be searched; empty when it can.
std::string why_not_there(const Host& host, const std::string& path, const std::string& pattern) {
    const std::string beginning = plain_beginning(pattern);
    if (beginning.empty()) return {};
    try {
        (void)folder_or_suggest(host, path == "." ? beginning : path + "/" + beginning);
    } catch (const Failure& failure) {
        if (failure.rc() == TENON_CANCELLED) throw;
        return failure.what();
    }
    return {};
}

std::string nothing(const Host& host, const File& start, const std::string& path,
                    const std::string& pattern, const LeftOut& left_out) {
    std::vector<std::string> hints;
    if (pattern.find('/') == std::string::npos)
        hints.push_back("to look in folders below too: **/" + quoted_argument(pattern));
    hints.push_back(hint_on_links(host, start, left_out));
    hints.push_back(why_no_match(pattern));
    hints.push_back(why_not_there(host, path, pattern));
    std::string text;
    for (const std::string& hint : hints)
        if (!hint.empty()) text += (text.empty() ? " (" : "; ") + hint;
    return "No matches" + text + (text.empty() ? "" : ")");
}

}  // namespace

std::string glob(const Host& host, const GlobArgs& args) {
    std::string pattern = args.pattern;
    std::string path = args.path;
    split_absolute(pattern, path);
    std::string why;
    const std::optional<Glob> wanted = Glob::parse(pattern, why);
    if (!wanted)
        throw Failure(
            "The pattern " + quoted_argument(args.pattern) + " makes no sense: " + why + ".",
            TENON_BAD_ARGS);

    const File start = folder_or_suggest(host, path);
    std::string out;
    std::size_t found = 0;
    WalkOrder order;
    order.folders = wanted->wants_folders();
    order.deadline = std::chrono::steady_clock::now() + args.time;
    order.wanted = [&](std::string_view one) { return wanted->matches(one); };
    order.descend = [&](std::string_view one) { return wanted->may_match_below(one); };
    order.named = [&](std::string_view one) { return wanted->names_folder(one); };
    order.wanted_link = [&](std::string_view one) { return wanted->matches_plainly(one); };
    LeftOut left_out;
    const auto take = [&](const Found& one) {
        if (found == kMaxPaths) return false;
        ++found;
        out += listed(std::string(one.shown()) + (order.folders ? "/" : "")) + "\n";
        return true;
    };
    const WalkEnd end = walk(host, start, order, take, left_out);
    if (end == WalkEnd::kStopped) {
        out += "[cut at " + counted(kMaxPaths, "path") + ": narrow the pattern or the path]\n";
    } else if (end == WalkEnd::kTimeOver) {
        out += "[stopped when the time was over: narrow the pattern or the path]\n";
    }
    if (out.empty()) return nothing(host, start, path, pattern, left_out);
    out.pop_back();
    return out;
}

}  // namespace tenon::file
