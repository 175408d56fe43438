#include "host/permission/read_only_commands.h"

#include <algorithm>
#include <array>

#include "host/permission/read_only_find.h"
#include "host/permission/read_only_git.h"
#include "host/permission/read_only_options.h"

namespace tenon::permission {
namespace {

constexpr std::string_view kUnlistedOption =
    "an option that is not on the list of read-only ones: ";

/// What the operands of a program mean.
enum class OperandUse {
    kFiles,         ///< files that are read; without one it reads its input
    kNone,          ///< text, not files
    kDirectories,   ///< files and directories; without one, the current directory
    kPatternFiles,  ///< a pattern, then files
    kOneFile,       ///< one file; a second one would be written
};

struct ReadOnlyProgram {
    std::string_view name;
    OperandUse operands;
    KnownOptions options;
};

// clang-format off
constexpr std::array kPrograms = {
    ReadOnlyProgram{"ls", OperandUse::kDirectories, {"aAbBcCdfFgGhiklmnNopqQrRsStuUvxXZ1", "IwT",
        "all almost-all author escape block-size= ignore-backups color? directory classify? file-type format= full-time "
        "group-directories-first no-group human-readable si hide= hyperlink? indicator-style= inode ignore= kibibytes literal "
        "numeric-uid-gid quote-name quoting-style= reverse recursive size sort= time= time-style= tabsize= width= zero", false, {}}},
    ReadOnlyProgram{"cat", OperandUse::kFiles, {"AbeEnstTuv", "",
        "show-all number-nonblank show-ends number squeeze-blank show-tabs show-nonprinting", false, {}}},
    ReadOnlyProgram{"head", OperandUse::kFiles, {"qvz", "nc", "lines= bytes= quiet silent verbose zero-terminated", true, {}}},
    ReadOnlyProgram{"tail", OperandUse::kFiles, {"qvz", "nc", "lines= bytes= quiet silent verbose zero-terminated", true, {}}},
    ReadOnlyProgram{"wc", OperandUse::kFiles, {"clmwL", "", "bytes chars lines words max-line-length", false, {}}},
    ReadOnlyProgram{"grep", OperandUse::kPatternFiles, {"EFGPiyvwxcloqsbHhnTLZazUrI", "emABC",
        "extended-regexp fixed-strings basic-regexp perl-regexp regexp= ignore-case no-ignore-case invert-match word-regexp "
        "line-regexp count color? colour? files-with-matches files-without-match max-count= only-matching quiet silent no-messages "
        "byte-offset with-filename no-filename line-number initial-tab null text binary-files= include= exclude= exclude-dir= "
        "recursive after-context= before-context= context= label= line-buffered null-data", true, {}}},
    ReadOnlyProgram{"rg", OperandUse::kPatternFiles, {"isSvwxclonNHIqaFPUpu0.", "egtTABCmMjrEd",
        "ignore-case case-sensitive smart-case invert-match word-regexp line-regexp count count-matches files-with-matches "
        "files-without-match only-matching line-number no-line-number with-filename no-filename quiet text fixed-strings pcre2 "
        "multiline multiline-dotall pretty hidden no-hidden no-ignore no-ignore-vcs unrestricted null regexp= glob= iglob= type= "
        "type-not= after-context= before-context= context= max-count= max-columns= threads= replace= encoding= max-depth= "
        "max-filesize= files type-list json stats color= colors= heading no-heading sort= sortr= column no-column trim vimgrep "
        "no-messages passthru crlf byte-offset context-separator= field-match-separator= no-config", false, {}}},
    ReadOnlyProgram{"pwd", OperandUse::kNone, {"LP", "", "logical physical", false, {}}},
    ReadOnlyProgram{"which", OperandUse::kNone, {"a", "", "all", false, {}}},
    ReadOnlyProgram{"stat", OperandUse::kFiles, {"Lft", "c", "dereference file-system format= printf= terse", false, {}}},
    ReadOnlyProgram{"file", OperandUse::kFiles, {"bikhrN0nE", "FeP",
        "brief mime mime-type mime-encoding keep-going no-dereference raw no-pad print0 no-buffer separator= exclude= extension", false, {}}},
    ReadOnlyProgram{"sort", OperandUse::kFiles, {"bdfgiMhnRrVCcmsuz", "ktS",
        "ignore-leading-blanks dictionary-order ignore-case general-numeric-sort ignore-nonprinting month-sort "
        "human-numeric-sort numeric-sort random-sort reverse version-sort sort= check? merge stable unique zero-terminated key= "
        "field-separator= buffer-size= parallel= batch-size= debug", false, {}}},
    ReadOnlyProgram{"uniq", OperandUse::kOneFile, {"cdDiuz", "fsw",
        "count repeated all-repeated? skip-fields= group? ignore-case skip-chars= unique zero-terminated check-chars=", false, {}}},
    ReadOnlyProgram{"cut", OperandUse::kFiles, {"nsz", "bcdf",
        "bytes= characters= delimiter= fields= complement only-delimited output-delimiter= zero-terminated", false, {}}},
    ReadOnlyProgram{"tr", OperandUse::kNone, {"cCdst", "", "complement delete squeeze-repeats truncate-set1", false, {}}},
    ReadOnlyProgram{"diff", OperandUse::kFiles, {"qscuenyiEZbwBarNtTpd", "UCWLIxF",
        "normal brief report-identical-files context? unified? ed rcs side-by-side width= left-column suppress-common-lines "
        "show-c-function show-function-line= label= expand-tabs initial-tab tabsize= suppress-blank-empty recursive "
        "no-dereference new-file unidirectional-new-file ignore-file-name-case no-ignore-file-name-case exclude= ignore-case "
        "ignore-tab-expansion ignore-trailing-space ignore-space-change ignore-all-space ignore-blank-lines "
        "ignore-matching-lines= text strip-trailing-cr minimal horizon-lines= speed-large-files color? palette=", false, {}}},
    ReadOnlyProgram{"cmp", OperandUse::kFiles, {"bls", "ni", "print-bytes verbose silent quiet bytes= ignore-initial=", false, {}}},
    ReadOnlyProgram{"basename", OperandUse::kNone, {"az", "s", "multiple suffix= zero", false, {}}},
    ReadOnlyProgram{"dirname", OperandUse::kNone, {"z", "", "zero", false, {}}},
};

constexpr KnownOptions kDate = {"uR", "d", "utc universal rfc-email rfc-3339= iso-8601? date= debug", false, "I"};
// clang-format on

void add_path(ReadOnlyUse& use, const Argument& operand) {
    if (operand.text != "-") use.paths.push_back({operand.text});
}

/// The shell itself looks up a name that a pattern found, whatever the program does with it.
void add_found_names(ReadOnlyUse& use, const std::vector<Argument>& arguments) {
    for (const Argument& argument : arguments)
        if (argument.found) use.paths.push_back({argument.text});
}

ReadOnlyUse use_of_date(const std::vector<Argument>& arguments) {
    const ParsedOptions parsed = parse_options(arguments, 1, kDate);
    if (!parsed.unknown.empty())
        return ReadOnlyUse::unlisted(std::string(kUnlistedOption) + parsed.unknown);
    for (const Argument& operand : parsed.operands)
        if (operand.text.substr(0, 1) != "+")
            return ReadOnlyUse::unlisted("date with a time sets the clock");
    ReadOnlyUse use;
    add_found_names(use, arguments);
    return use;
}

/// Every word that could be a path counts as one.
ReadOnlyUse use_of_test(const std::vector<Argument>& arguments) {
    constexpr std::string_view kUnary =
        " -b -c -d -e -f -g -h -k -L -n -p -r -s -S -u -w -x -z -O -G -N ";
    constexpr std::string_view kBinary =
        " = == != < > ! ( ) -a -o -eq -ne -lt -le -gt -ge -nt -ot -ef ";
    ReadOnlyUse use;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string& text = arguments[i].text;
        const std::string word = " " + text + " ";
        const bool spaced = text.find(' ') != std::string::npos;
        if (!spaced && (kUnary.find(word) != std::string_view::npos ||
                        kBinary.find(word) != std::string_view::npos))
            continue;
        if (text.substr(0, 1) == "-")
            return ReadOnlyUse::unlisted("a test that is not on the list: " + text);
        use.paths.push_back({text});
    }
    return use;
}

/// echo, true and false take any words and use none as a path.
ReadOnlyUse use_of_echo(const std::vector<Argument>& arguments) {
    ReadOnlyUse use;
    add_found_names(use, arguments);
    return use;
}

ReadOnlyUse use_of_cd(const std::vector<Argument>& arguments) {
    const std::size_t at = arguments.size() == 3 && arguments[1].text == "--" ? 2 : 1;
    if (arguments.size() != at + 1 || arguments[at].text.empty() || arguments[at].text[0] == '-' ||
        arguments[at].found)
        return ReadOnlyUse::unlisted("cd with anything but one directory");
    ReadOnlyUse use;
    use.paths.push_back({arguments[at].text});
    return use;
}

void take_operands(ReadOnlyUse& use, const ReadOnlyProgram& program, const ParsedOptions& parsed) {
    const bool recursive = parsed.has("r") || parsed.has("R") || parsed.has("recursive");
    std::size_t first = 0;
    switch (program.operands) {
        case OperandUse::kNone:
            for (const Argument& operand : parsed.operands)
                if (program.name == "which" && operand.text.find('/') != std::string::npos)
                    add_path(use, operand);
            return;
        case OperandUse::kOneFile:
            if (parsed.operands.size() > 1) {
                use.why = "the second file of uniq is written";
                return;
            }
            break;
        case OperandUse::kPatternFiles: {
            const bool given =
                parsed.has("e") || parsed.has("regexp") ||
                (program.name == "rg" && (parsed.has("files") || parsed.has("type-list")));
            first = given ? 0 : 1;
            break;
        }
        case OperandUse::kFiles:
        case OperandUse::kDirectories:
            break;
    }
    for (std::size_t i = first; i < parsed.operands.size(); ++i)
        add_path(use, parsed.operands[i]);
    const bool beneath = program.name == "rg" || recursive;
    const bool nothing_named = parsed.operands.size() <= first;
    if (nothing_named && (program.operands == OperandUse::kDirectories || program.name == "rg" ||
                          (program.name == "grep" && recursive)))
        use.paths.push_back({"."});
    for (ReadPath& path : use.paths) {
        path.beneath = beneath || program.name == "diff";
        path.entries = program.operands == OperandUse::kDirectories && !parsed.has("d") &&
                       !parsed.has("directory");
        path.follows = program.name == "diff";
    }
}

ReadOnlyUse use_of_program(const ReadOnlyProgram& program, const std::vector<Argument>& arguments) {
    const ParsedOptions parsed = parse_options(arguments, 1, program.options);
    if (!parsed.unknown.empty())
        return ReadOnlyUse::unlisted(std::string(kUnlistedOption) + parsed.unknown);
    ReadOnlyUse use;
    take_operands(use, program, parsed);
    add_found_names(use, arguments);
    return use;
}

}  // namespace

bool is_read_only_builtin(std::string_view program) {
    constexpr auto kBuiltins =
        std::to_array<std::string_view>({"pwd", "cd", "echo", "true", "false", "test"});
    return std::find(kBuiltins.begin(), kBuiltins.end(), program) != kBuiltins.end();
}

ReadOnlyUse read_only_use(const std::vector<Argument>& arguments) {
    const std::string& name = arguments.front().text;
    if (arguments.front().found) return ReadOnlyUse::unlisted("the program is named by a pattern");
    if (name == "true" || name == "false" || name == "echo") return use_of_echo(arguments);
    if (name == "cd") return use_of_cd(arguments);
    if (name == "test") return use_of_test(arguments);
    if (name == "date") return use_of_date(arguments);
    if (name == "find") return use_of_find(arguments);
    if (name == "git") return use_of_git(arguments);
    const auto* program = std::find_if(kPrograms.begin(), kPrograms.end(),
                                       [&](const ReadOnlyProgram& p) { return p.name == name; });
    if (program == kPrograms.end())
        return ReadOnlyUse::unlisted("it is not on the list of read-only commands");
    return use_of_program(*program, arguments);
}

}  // namespace tenon::permission
