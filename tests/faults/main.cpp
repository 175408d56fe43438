// tenon-faults [--jobs N] [--kills K] [--running M] [--seed S] [--tenon PATH] [--keep]
// tenon-faults --flood SIZE [--tenon PATH]
//
// Kills the real program at random moments, again and again, and counts what became of its jobs.
// Exits 0 when nothing was lost, told twice, left out, told wrongly or left alive.
// With --flood one job prints so much (as 10GiB), and memory and disk are watched. Exits 0 when
// both stay within what is promised.
#include <charconv>
#include <iostream>

#include "tests/faults/flood.h"
#include "tests/faults/storm.h"
#include "tests/faults/verdict.h"

namespace {

using tenon::faults::StormOptions;

constexpr int kUsage = 2;
constexpr char kUse[] =
    "use: tenon-faults [--jobs N] [--kills K] [--running M] [--seed S] [--tenon PATH] [--keep]\n"
    "     tenon-faults --flood SIZE [--tenon PATH]\n";

struct Options {
    StormOptions storm;
    bool keep = false;
    std::uint64_t flood = 0;  // bytes; 0: a storm
};

template <class Number>
bool read_number(const std::string& text, Number& number, int least) {
    int value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || value < least)
        return false;
    number = Number(value);
    return true;
}

/// Bytes, KiB, MiB or GiB.
bool read_size(const std::string& text, std::uint64_t& size) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), size);
    const std::string_view unit(read.ptr, text.data() + text.size());
    constexpr std::pair<std::string_view, int> kUnits[] = {
        {"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
    for (const auto& [name, shift] : kUnits) {
        if (name != unit || read.ec != std::errc() || size == 0 || size >> 33U != 0) continue;
        size <<= static_cast<unsigned>(shift);
        return true;
    }
    return false;
}

bool read_option(Options& options, const std::string& name, const std::string& value) {
    StormOptions& storm = options.storm;
    if (name == "--jobs") return read_number(value, storm.jobs, 1);
    if (name == "--kills") return read_number(value, storm.kills, 0);
    if (name == "--running") return read_number(value, storm.running, 1);
    if (name == "--flood") return read_size(value, options.flood);
    if (name == "--seed") return read_number(value, storm.seed, 0);
    if (name == "--tenon") {
        storm.tenon = std::filesystem::absolute(value);
        return std::filesystem::exists(storm.tenon);
    }
    return false;
}

bool read_options(Options& options, const std::vector<std::string>& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--keep") {
            options.keep = true;
        } else if (i + 1 == words.size() || !read_option(options, words[i], words[i + 1])) {
            std::cerr << "tenon-faults: cannot use " << words[i] << "\n" << kUse;
            return false;
        } else {
            ++i;
        }
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    options.storm.tenon = TENON_PROGRAM;
    if (!read_options(options, {argv + 1, argv + argc})) return kUsage;

    if (options.flood > 0) {
        const auto flood = tenon::faults::flood(options.storm.tenon, options.flood);
        print(std::cout, flood);
        return flood.is_clean() ? 0 : 1;
    }
    const auto begin = std::chrono::steady_clock::now();
    tenon::faults::Storm storm(options.storm);
    storm.run();
    const auto verdict = tenon::faults::judge(storm);
    print(std::cout, verdict, storm,
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                begin));
    if (options.keep) {
        const auto kept = std::filesystem::temp_directory_path() / "tenon-faults";
        std::filesystem::remove_all(kept);
        std::filesystem::copy(storm.sandbox().home.path(), kept,
                              std::filesystem::copy_options::recursive);
        std::cout << "kept in " << kept.string() << "\n";
    }
    return verdict.is_clean() ? 0 : 1;
}
