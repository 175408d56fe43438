#include "tests/permission/differential/generator.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>

namespace tenon::permission::differential {
namespace {

constexpr std::size_t kLongest = 600;

}  // namespace

std::vector<std::string> lines_of(const std::string& path) {
    static const std::string kNewline = "⏎";
    std::ifstream file(path);
    if (!file) throw std::runtime_error("open " + path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        for (std::size_t at = line.find(kNewline); at != std::string::npos;
             at = line.find(kNewline, at))
            line.replace(at, kNewline.size(), "\n");
        lines.push_back(line);
    }
    return lines;
}

Generator::Generator(std::uint64_t seed)
    : random_(seed), corpus_(lines_of(TENON_DIFFERENTIAL_DATA "/corpus.txt")) {
    std::string kind;
    for (const std::string& line : lines_of(TENON_DIFFERENTIAL_DATA "/fragments.txt")) {
        const bool heading = line.size() > 3 && line.front() == '[' && line.back() == ']' &&
                             std::all_of(line.begin() + 1, line.end() - 1,
                                         [](char c) { return c >= 'a' && c <= 'z'; }) &&
                             line != "[fg]";
        if (heading) {
            kind = line;
        } else {
            fragments_[kind].push_back(line);
        }
    }
}

const std::string& Generator::any(const std::string& kind) {
    const auto& list = fragments_.at(kind);
    return list[below(list.size())];
}

const std::string& Generator::any_fragment() {
    static constexpr std::array<const char*, 5> kKinds = {"[words]", "[joints]", "[redirections]",
                                                          "[bodies]", "[pieces]"};
    return any(kKinds[below(kKinds.size())]);
}

std::string Generator::command() {
    static constexpr std::array<const char*, 7> kNames = {"aa",   "bb",  "cc", "mark",
                                                          "echo", "cat", "ee"};
    static constexpr std::array<const char*, 8> kPlain = {"x",  "y", "'a b'", "\"c\"",
                                                          "-d", "f", "e=f",   "\\;"};
    std::string out;
    if (one_in(16)) out += any("[words]") + " ";
    out += one_in(12) ? any("[pieces]") : std::string(kNames[below(kNames.size())]);
    for (std::size_t n = below(4); n > 0; --n) {
        if (!one_in(12)) out += ' ';
        if (one_in(4)) {
            static const std::array<std::string, 6> kSimple = {">f",    "2>&1", "< g",
                                                               "<<'E'", ">>h",  "2>/dev/null"};
            const std::string& redirection =
                one_in(2) ? kSimple[below(kSimple.size())] : any("[redirections]");
            out += redirection;
            if (redirection.compare(0, 2, "<<") == 0 && redirection.compare(0, 3, "<<<") != 0)
                line_end_ += one_in(6) ? any("[bodies]") : "\na\nE";
        } else {
            out += one_in(2) ? std::string(kPlain[below(kPlain.size())]) : any("[words]");
        }
    }
    return out;
}

std::string Generator::composed() {
    std::string out;
    for (std::size_t n = 1 + below(4); n > 0; --n) {
        const std::size_t shape = below(14);
        std::string inner = command();
        if (shape == 0) inner = "(" + inner + ")";
        if (shape == 1) inner = "{ " + inner + "; }";
        if (shape == 2) inner = "! " + inner;
        if (shape == 3) inner = "if " + inner + "; then " + command() + "; fi";
        if (shape == 4) inner = "while " + inner + "; do " + command() + "; done";
        if (shape <= 4 && one_in(3)) inner += " " + any("[redirections]");
        out += inner;
        static const std::array<std::string, 6> kSimple = {" && ", " || ", "; ",
                                                           " | ",  "\n",   " & "};
        std::string joint;
        if (n > 1 || one_in(8))
            joint = one_in(2) ? kSimple[below(kSimple.size())] : any("[joints]");
        if (!line_end_.empty() && (joint.find('\n') != std::string::npos || n == 1)) {
            const std::size_t newline = std::min(joint.find('\n'), joint.size());
            if (newline == joint.size()) line_end_ += "\n";
            joint.insert(newline, line_end_);
            line_end_.clear();
        }
        out += joint;
    }
    line_end_.clear();
    return out;
}

std::string Generator::concatenated() {
    std::string out;
    for (std::size_t n = 2 + below(9); n > 0; --n) {
        out += any_fragment();
        if (one_in(2)) out += ' ';
    }
    return out;
}

std::string Generator::spliced() {
    const std::string& a = corpus_[below(corpus_.size())];
    const std::string& b = corpus_[below(corpus_.size())];
    if (one_in(2)) return a + any("[joints]") + b;
    return a.substr(0, below(a.size() + 1)) + b.substr(below(b.size() + 1));
}

void Generator::mutate(std::string& text) {
    static const std::string kBytes = "$(){}[]'\"\\;&|<>#\n  =*!?~`aE1-%:,.\t";
    const std::size_t at = below(text.size() + 1);
    switch (below(6)) {
        case 0:
            text.erase(at, 1 + below(3));
            break;
        case 1:
        case 2:
            text.insert(at, 1, kBytes[below(kBytes.size())]);
            break;
        case 3:
            text.insert(at, any_fragment());
            break;
        case 4:
            text.insert(at, text.substr(below(text.size() + 1), below(12)));
            break;
        default:
            if (at < text.size()) text[at] = kBytes[below(kBytes.size())];
    }
}

std::string Generator::next() {
    std::string text;
    const std::size_t way = below(10);
    if (way < 3) {
        text = corpus_[below(corpus_.size())];
    } else if (way < 8) {
        text = composed();
    } else {
        text = way == 8 ? concatenated() : spliced();
    }
    std::size_t edits = below(way < 3 ? 4 : 3);
    if (way >= 3 && one_in(2)) edits = 0;
    for (; edits > 0; --edits)
        mutate(text);
    if (text.size() > kLongest) text.resize(kLongest);
    return text;
}

}  // namespace tenon::permission::differential
