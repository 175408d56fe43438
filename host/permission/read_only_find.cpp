#include "host/permission/read_only_find.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "host/base/is_among.h"

namespace tenon::permission {
namespace {

/// Tests and actions of find(1) that only read. Not listed: `-follow` and `-L`, which leave the
/// tree; `-files0-from`, which reads names from a file; `-exec -execdir -ok -okdir -delete -fls
/// -fprint…`, which run or write.
constexpr auto kAlone = std::to_array<std::string_view>(
    {"-empty",      "-nouser", "-nogroup", "-readable", "-writable",
     "-executable", "-depth",  "-d",       "-xdev",     "-mount",
     "-daystart",   "-noleaf", "-print",   "-print0",   "-ls",
     "-prune",      "-quit",   "-true",    "-false",    "-ignore_readdir_race",
     "-nowarn",     "-warn"});
constexpr auto kWithText = std::to_array<std::string_view>(
    {"-name",   "-iname",     "-path",  "-ipath",  "-wholename", "-iwholename", "-regex",
     "-iregex", "-type",      "-xtype", "-size",   "-mtime",     "-atime",      "-ctime",
     "-mmin",   "-amin",      "-cmin",  "-perm",   "-user",      "-group",      "-uid",
     "-gid",    "-links",     "-inum",  "-lname",  "-ilname",    "-maxdepth",   "-mindepth",
     "-printf", "-regextype", "-used",  "-newermt"});
constexpr auto kWithFile =
    std::to_array<std::string_view>({"-newer", "-anewer", "-cnewer", "-samefile"});
constexpr auto kOperators =
    std::to_array<std::string_view>({"(", ")", "!", "-not", "-a", "-o", "-or", "-and", ","});

bool begins_expression(const std::string& text) {
    return (text.size() > 1 && text[0] == '-') || text == "(" || text == "!" || text == ",";
}

}  // namespace

ReadOnlyUse use_of_find(const std::vector<Argument>& arguments) {
    ReadOnlyUse use;
    std::size_t i = 1;
    if (i < arguments.size() && arguments[i].text == "-P") ++i;
    for (; i < arguments.size() && !begins_expression(arguments[i].text); ++i)
        use.paths.push_back({arguments[i].text, true, false, false});
    if (use.paths.empty()) use.paths.push_back({".", true, false, false});
    for (; i < arguments.size(); ++i) {
        const std::string& text = arguments[i].text;
        if (is_among(kAlone, text) || is_among(kOperators, text)) continue;
        const bool file = is_among(kWithFile, text);
        if ((!file && !is_among(kWithText, text)) || i + 1 == arguments.size()) {
            use.why = "an option that is not on the list of read-only ones: " + text;
            return use;
        }
        ++i;
        if (file) use.paths.push_back({arguments[i].text});
    }
    for (const Argument& argument : arguments)
        if (argument.found) use.paths.push_back({argument.text});
    return use;
}

}  // namespace tenon::permission
