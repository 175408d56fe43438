#include "host/shell/script.h"

#include <array>
#include <cstdio>
#include <gmock/gmock.h>
#include <memory>
#include <random>

#include <gtest/gtest.h>

namespace tenon::shell {
namespace {

using ::testing::ElementsAre;
using Strings = std::vector<std::string>;

Strings written(const Script& script) {
    Strings out;
    for (const Part& part : script.parts)
        out.push_back(part.written);
    return out;
}

/// Without what is tried beside the text as it stands: values of variables, braces.
Strings written_by_hand(const Script& script) {
    Strings out;
    for (const Part& part : script.parts)
        if (!part.nested) out.push_back(part.written);
    return out;
}

Strings decoded_words(const Part& part) {
    Strings out;
    for (const Word& word : part.words)
        out.push_back(word.decoded);
    return out;
}

TEST(Shell, SplitsIntoTheCommandsThatWouldRun) {
    const std::vector<std::pair<std::string, Strings>> cases = {
        {"npm test", {"npm test"}},
        {"  npm   test  ", {"npm test"}},
        {"npm test;", {"npm test"}},
        {"a && b || c; d | e |& f & g", {"a", "b", "c", "d", "e", "f", "g"}},
        {"a\nb\n\n c", {"a", "b", "c"}},
        {"a # b; c\nd", {"a", "d"}},
        {"a#b 'c#d' #e", {"a#b 'c#d'"}},
        {"(a; b) && { c; }", {"a", "b", "c"}},
        {"! a", {"a"}},
        {"if a; then b; elif c; then d; else e; fi", {"a", "b", "c", "d", "e"}},
        {"while a; do b; done; until c; do d; done", {"a", "b", "c", "d"}},
        {"for f in a b 'c d'; do touch $f; done", {"touch $f"}},
        {"for f\ndo touch $f; done", {"touch $f"}},
        {"for ((i=0; i<3; i++)); do a; done", {"a"}},
        {"select x in a b; do c; done", {"c"}},
        {"case $x in a) b;; (c|d) e;& *) f;;& esac; g", {"b", "e", "f", "g"}},
        {"case x in\n a)\n  b\n  ;;\n c) d\nesac\ne", {"b", "d", "e"}},
        {"case x in esac; a", {"a"}},
        {"time -p { a; }", {"a"}},
        {"[[ -f x && ( a < b || c =~ ^(d|e)$ ) ]] && f",
         {"[[ -f x && ( a < b || c =~ ^(d|e)$ ) ]]", "f"}},
        {"(( i++ < 3 )) && a", {"(( i++ < 3 ))", "a"}},
        {"((a); b)", {"a", "b"}},
        {"echo \"a; b\" 'c && d' e\\;f", {"echo \"a; b\" 'c && d' e\\;f"}},
        {"a \\\n  b\\\nc", {"a b\\\nc"}},
        {"FOO=1 touch a", {"FOO=1 touch a"}},
        {"FOO=1", {"FOO=1"}},
        {"a=(x 'y z' # note\n w) b", {"a=(x 'y z' # note\n w) b"}},
        {"a[ 1 + 1 ]=x b", {"a[ 1 + 1 ]=x b"}},
        {"echo if then done", {"echo if then done"}},
        {"echo {a,b}; }", {"echo {a,b}"}},
        {"cat <<EOF; a\nb; c\nEOF\nd", {"cat", "a", "d"}},
        {"cat <<-'E O' - <<X\n\tx\n\tE O\ny\nX\nb", {"cat -", "b"}},
        {"", {}},
        {" \n # only words\n", {}},
    };
    for (const auto& [text, parts] : cases) {
        SCOPED_TRACE(text);
        const Script script = parse_script(text);
        EXPECT_EQ(script.opaque, "");
        EXPECT_EQ(script.failed, "");
        EXPECT_EQ(written_by_hand(script), parts);
    }
}

TEST(Shell, ReadsRedirectionsApartFromWords) {
    const Script script = parse_script("echo 2>&1 a >> 'b c' {fd}<d &>e 3<>f <<<g >&- x>y");
    ASSERT_EQ(script.parts.size(), 1U);
    const Part& part = script.parts[0];
    EXPECT_EQ(part.written, "echo a x");
    EXPECT_EQ(part.whole, "echo 2>&1 a >> 'b c' {fd}<d &>e 3<>f <<<g >&- x>y");
    Strings redirections;
    for (const Redirection& r : part.redirections)
        redirections.push_back(r.fd + r.op + r.target.decoded + (r.writes_file() ? "!" : ""));
    EXPECT_THAT(redirections,
                ElementsAre("2>&1", ">>b c!", "{fd}<d", "&>e!", "3<>f!", "<<<g", ">&-", ">y!"));
}

TEST(Shell, TellsFilesFromDescriptorsAmongTheTargets) {
    const std::vector<std::pair<std::string, bool>> cases = {
        {"> f", true},           {">| f", true},           {">& f", true},
        {"&>> f", true},         {"> $f", true},           {">& $f", true},
        {"> 1", true},           {"> /dev/sda", true},     {"> /dev/nullx", true},
        {"2>/dev/null", false},  {"> '/dev/null'", false}, {"2>&1", false},
        {">&2-", false},         {"< f", false},           {"> /dev/stderr", false},
        {"> /dev/fd/3", false},  {"> /dev/fd/", true},     {"> /dev/fd/../root/etc/x", true},
        {"> /dev/fd/3/x", true}, {"> /dev/fd/x", true},    {"> /dev/stdin", true},
    };
    for (const auto& [text, writes] : cases) {
        SCOPED_TRACE(text);
        const Script script = parse_script("a " + text);
        ASSERT_EQ(script.parts.at(0).redirections.size(), 1U);
        EXPECT_EQ(script.parts[0].redirections[0].writes_file(), writes);
    }
}

TEST(Shell, TellsAssignmentsFromCommands) {
    for (const std::string text : {"A=1", "A+=1", "a[0]=1", "a[ 1 + 1 ]=x", "a[b[0]]=x",
                                   "a[\"k\"]+=x", "A='x y'", "A\\\n=1", "a=(x y)", "A= B=2"}) {
        SCOPED_TRACE(text);
        const Script script = parse_script(text + " sudo x");
        ASSERT_FALSE(script.parts.empty());
        EXPECT_EQ(script.parts[0].decoded(), "sudo x");
    }
    for (const std::string text : {"'A'=1", "A\\=1", "1A=1", "A-B=1", "$A=1", "=1", "a\\[0]=1",
                                   "a\"[0]=1\"", "a[0]\\=1", "a[0]+\\=1", "[0]=1", "A =1"}) {
        SCOPED_TRACE(text);
        EXPECT_NE(parse_script(text + " sudo x").parts.at(0).decoded(), "sudo x");
    }
}

TEST(Shell, KeepsHereDocumentsAsData) {
    const Script script = parse_script("cat <<-'A' <<B >f\n\tsudo x\n\tA\nb\\\nB\nB\nend");
    ASSERT_EQ(script.parts.size(), 2U);
    EXPECT_EQ(script.parts[0].redirections.at(0).body, "sudo x\n");
    EXPECT_EQ(script.parts[0].redirections.at(1).body, "bB\n") << "the backslash joins two lines";
    EXPECT_EQ(script.parts[1].written, "end");
}

TEST(Shell, MarksWhatIsNotWhollyUnderstood) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"touch a $(python3 x)", "a command substitution"},
        {"touch \"a `b`\"", "a command substitution"},
        {"diff <(a) b", "a process substitution"},
        {"a > >(b)", "a process substitution"},
        {"$x a", "a variable or pattern as command"},
        {"\"$x\" a", "a variable or pattern as command"},
        {"/bin/r? a", "a variable or pattern as command"},
        {"{sudo,x}", "a variable or pattern as command"},
        {"eval 'a b'", "eval"},
        {"source f", "source"},
        {". f", "."},
        {"trap 'a' EXIT", "trap"},
        {"bash <<EOF\na\nEOF", "a here-document to a shell"},
        {"sh <<<a", "a here-document to a shell"},
        {"env bash <<<a", "a here-document to a shell"},
        {"curl x | bash", "a shell that reads its commands"},
        {"bash -c \"a $x\"", "a shell whose command holds expansions"},
        {"bash -c 'a $(b)'", "a command substitution"},
        {"env $x", "a variable or pattern as command"},
        {"cat <<EOF\n$(a)\nEOF", "a command substitution"},
        {"echo ${x:-$(a)}", "a command substitution"},
        {"echo ${!x}", "a parameter expansion that is not simple"},
        {"echo ${x@P}", "a parameter expansion that is not simple"},
        {"echo ${x:-\"a\"}", "a parameter expansion that is not simple"},
        {"echo $((a[0]))", "arithmetic that is not simple"},
        {"echo $[1]", "an old-style arithmetic expansion"},
        {"a=(x $(b)) c", "a command substitution"},
        {"x=$(a)", "a command substitution"},
        {"[[ $(a) ]]", "a command substitution"},
        {"(( x = $(a) ))", "arithmetic that is not simple"},
    };
    for (const auto& [text, why] : cases) {
        SCOPED_TRACE(text);
        const Script script = parse_script(text);
        EXPECT_EQ(script.opaque, "");
        Strings reasons;
        for (const Part& part : script.parts)
            if (!part.nested && !part.opaque.empty()) reasons.push_back(part.opaque);
        EXPECT_THAT(reasons, ElementsAre(why));
    }
}

std::string repeated(const std::string& unit, int times) {
    std::string out;
    for (int i = 0; i < times; ++i)
        out += unit;
    return out;
}

TEST(Shell, MarksTheWholeTextWhenItsShapeIsInDoubt) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"f() { a; }; f", "a function definition"},
        {"function f { a; }", "a function definition"},
        {"coproc x { a; }", "a coprocess"},
        {"for x in $(a); do b; done", "a command substitution"},
        {"case $(a) in b) c;; esac", "a command substitution"},
        {"echo 'a", "an unbalanced quote"},
        {"echo \"a", "an unbalanced quote"},
        {"echo `a", "an unbalanced backtick"},
        {"echo ${a", "an unbalanced ${"},
        {"echo $(a", "an unbalanced parenthesis"},
        {"(a", "an unbalanced parenthesis"},
        {"a )", "an unexpected )"},
        {"a b(c)", "an unexpected ("},
        {"case a in b) c", "an unfinished case"},
        {"a >", "a redirection without a target"},
        {std::string("a\0b", 3), "a NUL byte"},
        {repeated("( ", 65), "nested too deeply"},
    };
    for (const auto& [text, why] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(parse_script(text).opaque, why);
    }
}

TEST(Shell, LooksIntoSubstitutions) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"echo $(sudo x)", "sudo x"},
        {"echo \"$(echo \"$(sudo x)\")\"", "sudo x"},
        {"echo `sudo x`", "sudo x"},
        {"echo `echo \\`sudo x\\``", "sudo x"},
        {"cat <(sudo x)", "sudo x"},
        {"tee >(sudo x)", "sudo x"},
        {"x=$(sudo x)", "sudo x"},
        {"for a in $(sudo x); do b; done", "sudo x"},
        {"case $(sudo x) in a) ;; esac", "sudo x"},
        {"case a in a) sudo x;; esac", "sudo x"},
        {"[[ $(sudo x) ]]", "sudo x"},
        {"echo $(( $(sudo x) ))", "sudo x"},
        {"echo $((sudo x); a)", "sudo x"},
        {"echo ${a:-$(sudo x)}", "sudo x"},
        {"a=(b $(sudo x))", "sudo x"},
        {"cat <<E\n$(sudo x)\nE", "sudo x"},
        {"cat <<E $(echo\nsudo x\nE\n)\nbody\nE\n", "sudo x"},
        {"echo \"$(cat <<E\nbody\nE)\"; sudo x", "sudo x"},
        {"cat > $(sudo x)", "sudo x"},
        {"f() { sudo x; }", "sudo x"},
        {"coproc { sudo x; }", "sudo x"},
        {"coproc n { sudo x; }", "sudo x"},
        {"sudo x\necho '", "sudo x"},
    };
    for (const auto& [text, part] : cases) {
        SCOPED_TRACE(text);
        EXPECT_THAT(written(parse_script(text)), ::testing::Contains(part));
    }
}

TEST(Shell, KnowsThatQuotedTextIsNoSyntax) {
    for (const std::string text : {"echo '$(sudo x)'", "echo \"\\$(sudo x)\"",
                                   "cat <<'E'\n$(sudo x)\nE", "echo a # $(sudo x)"}) {
        SCOPED_TRACE(text);
        for (const Part& part : parse_script(text).parts)
            EXPECT_NE(part.words.at(0).decoded, "sudo");
    }
}

Strings what_bash_makes_of(const std::string& words) {
    // The words as bash's own arguments, NUL between them.
    const std::string script = "printf '%s\\0' " + words;
    std::string quoted;
    for (const char c : script)
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
        ::popen(("env -i LC_ALL=C.UTF-8 bash -c '" + quoted + "'").c_str(), "r"), ::pclose);
    std::string all;
    std::array<char, 4096> buffer{};
    while (const auto n = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
        all.append(buffer.data(), n);
    Strings out;
    for (std::size_t start = 0; start < all.size();) {
        const auto stop = all.find('\0', start);
        out.push_back(all.substr(start, stop - start));
        start = stop + 1;
    }
    return out;
}

TEST(Shell, DecodesWordsAsBashDoes) {
    for (
        const std::string text : {
            R"(a 'b c' "d e" f\ g)",
            R"(su"do" s\udo 's'u'd'o "")",
            R"("a\$b\`c\"d\\e\f" 'a\b')",
            "a\\\nb \"c\\\nd\" 'e\\\nf'",
            R"($'a\tb\n' $'\x41\101\u00e9\U0001F600' $'\'\"\\\?' $'\e\a\b\f\v\r\E' $'\cA\c?' $'\q' $'a\0b'c)",
            R"($"plain" "$" a$ '$' \$ "a$")",
            R"(~nobody_like_this a~ '~' \~)",
            R"(x=1 --opt="a b" -Dk='v w')",
            R"(a#b '#' "#" \#)",
            R"({ } ! if [[ ]] in)",
            R"({} {a} {a\,b} "{a,b}")",
            "a\tb\rc",
            R"(é "ü" $'\303\251')",
            R"('a'"b"c$'d')",
            R"(a\;b "a;b" 'a|b' a\&b \( \))",
            "a\\",
            R"($'\x{41}\x{0042}\x{43' $'\x{}a'b $'\x{g' $'\xg' $'\x4')",
            R"($'\u41 \U42 \u \ug' $'\1\12\0101\8' $'\c[\ca\cA' $'\z\-')",
            "a\\\nb\\\n\\\nc \"d\\\n\\\ne\" $'f\\\ng'",
        }) {
        SCOPED_TRACE(text);
        const Script script = parse_script("printf " + text);
        ASSERT_EQ(script.parts.size(), 1U);
        Strings ours = decoded_words(script.parts[0]);
        ours.erase(ours.begin());
        EXPECT_EQ(ours, what_bash_makes_of(text));
    }
}

TEST(Shell, ExpandsBracesAsBashDoes) {
    for (const std::string text :
         {"{a,b}",      "a{b,c}d",   "{a,b}{c,d}",   "{a,{b,c}d}e",  "{a}",        "{}",
          "{a,}",       "{,a}x",     "a{,}b",        "{{a,b}",       "{a,b}}",     "{{a,b}}",
          "{a,b",       "a,b}",      "{1..3}",       "{3..1}",       "{1..9..4}",  "{01..3}",
          "{-1..1}",    "{a..e}",    "{e..a..2}",    "{1..b}",       "{1...3}",    "{1..2..3..4}",
          "{a..}",      "x{y}{a,b}", "{a\\,b,c}",    "{'a,b',c}",    "{\"a\",b}c", "\\{a,b}",
          "{a,b\\}",    "{a\\\n,b}", "{a,b}'{c,d}'", "{a..c}{1..2}", "{$'a',b}",   "-{r,f}",
          "{a,b}={c,d}"}) {
        SCOPED_TRACE(text);
        Strings ours;
        for (const Part& part : parse_script("printf " + text).parts)
            if (part.nested || ours.empty()) ours = decoded_words(part);
        ours.erase(ours.begin());
        EXPECT_EQ(ours, what_bash_makes_of(text));
    }
}

TEST(Shell, SaysThatTheParseFailedWherePartsMayBeMissing) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"a 'b", "an unbalanced quote"},
        {"a $(b", "an unbalanced parenthesis"},
        {repeated("( ", 65) + "a" + repeated(" )", 65), "nested too deeply"},
        {repeated("env ", 65) + "a", "nested too deeply"},
        {std::string("a\0b", 3), "a NUL byte"},
        {"a\xff", "invalid UTF-8"},
        {"a\x01", "a control character"},
        {"a{1,2}" + repeated("{1,2}", 20), "too many words from braces"},
        {"cat <<$(b)\na\n$(b)", "a here-document that is not understood"},
    };
    for (const auto& [text, why] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(parse_script(text).failed, why);
    }
}

TEST(Shell, DoesNotCallTheParseFailedWhereTextIsMerelyOpaque) {
    for (const std::string text :
         {"a $(b)", "eval \"$x\"", "f() { a; }; f", "$x a", "bash -c \"$x\"", "cat <<E\na",
          "a | bash", "source f", "coproc a", "echo ${!x}", "((x[1]))", "trap '' EXIT",
          "while read x; do y=\"$y $x\"; echo \"a $y\"; done <<< 'b c'", "PATH=$PATH:/x a",
          "ls | xargs -n1 echo a", "touch f{1..100000}"}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(parse_script(text).failed, "");
    }
}

TEST(Shell, SurvivesMutatedAndHostileText) {
    const Strings seeds = {
        "a && b || c; d | e & f",
        "case $x in a) b;; *) echo $(c `d`);; esac",
        "cat <<E | bash -c 'x $(y)' > f 2>&1\n$(z)\nE\n",
        "find . -exec env -i A=1 timeout 5 sh -c \"rm {}\" \\; -o -exec b +",
        "f() { [[ a =~ (b) ]] && ((x++)); for i in {1..3}; do eval \"$i\"; done; }",
        "x=(a 'b' $'c') y[1]=2 z <<<$((1+(2))) ${a:-${b//c/d}}",
    };
    const std::string bytes = "$(){}[]`'\"\\;&|<>#\n \t=*~!EOFaif\0x";
    std::mt19937 random(20261121);  // NOLINT(cert-msc51-cpp): the same run each time
    const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    for (int round = 0; round < 20'000; ++round) {
        std::string text = seeds[below(seeds.size())];
        for (std::size_t edits = 1 + below(8); edits > 0; --edits) {
            const std::size_t at = below(text.size() + 1);
            const char byte = bytes[below(bytes.size())];
            switch (below(4)) {
                case 0:
                    text.insert(at, 1, byte);
                    break;
                case 1:
                    text.erase(at, 1 + below(4));
                    break;
                case 2:
                    text.insert(at, text.substr(below(text.size() + 1), 12));
                    break;
                default:
                    if (at < text.size()) text[at] = byte;
            }
        }
        const Script script = parse_script("first\n" + text);
        ASSERT_FALSE(script.parts.empty()) << text;
        EXPECT_EQ(script.parts[0].written, "first") << text;
        for (std::size_t i = 0; i < script.parts.size(); ++i) {
            const Part& part = script.parts[i];
            EXPECT_TRUE(!part.whole.empty() || !script.opaque.empty()) << text;
            EXPECT_TRUE(part.parent == Part::kNone || part.parent < i) << text;
        }
    }
}

TEST(Shell, IsBoundedOnLongHostileText) {
    constexpr std::size_t kLength = 128 * 1024;
    for (const std::string unit : {"(",
                                   "$(",
                                   "$((",
                                   "\"$(",
                                   "${",
                                   "`",
                                   "<(",
                                   "a;",
                                   "a=(",
                                   "case a in (",
                                   "<<E ",
                                   "<<E\n",
                                   "$(<<E\n",
                                   "eval ",
                                   "env ",
                                   "bash -c ",
                                   "find -exec ",
                                   "[[ ",
                                   "((",
                                   "{ ",
                                   "f()",
                                   "if ",
                                   "\\`",
                                   "'",
                                   "$'",
                                   "\"",
                                   "x[",
                                   "bash <<E\n$(",
                                   "1<",
                                   "((a) ",
                                   "$((a) ",
                                   "a\\\n",
                                   "{",
                                   "{a,b}",
                                   "$x ",
                                   "x=a;$x b;",
                                   "xargs a;",
                                   "env --x ",
                                   "timeout --x ",
                                   "${x:-${",
                                   "[a]*",
                                   "let x;'$(a)' ",
                                   "echo 'a'|bash;",
                                   "x+=a;",
                                   "cd x;",
                                   "f(){ $1;};f f;",
                                   "\"${x:-'",
                                   "$@ ",
                                   "alias a=b;a "}) {
        SCOPED_TRACE(unit);
        std::string text;
        while (text.size() < kLength)
            text += unit;
        const Script script = parse_script(text);
        EXPECT_FALSE(script.parts.empty() && script.opaque.empty() && unit != "if " &&
                     unit != "{ ");
        std::size_t bytes = 0;
        for (const Part& part : script.parts)
            bytes += part.written.size() + part.whole.size();
        EXPECT_LE(bytes, 200 * kLength);
    }
}

}  // namespace
}  // namespace tenon::shell
