// note_fuzz SEED COUNT FILE…: reads the notes of COUNT damaged copies of the files, which are
// plugins. Ends with 1 and says which case it was if something is accepted that is not well-formed;
// a crash or a hang is for whoever watches it.
#include <algorithm>
#include <cstring>
#include <elf.h>
#include <iostream>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/base/ids.h"
#include "host/base/unique_fd.h"
#include "host/base/utf8.h"
#include "host/plugin/needs.h"
#include "host/plugin/note.h"

namespace {

using tenon::plugin::Note;

constexpr std::size_t kMaxFile = 64U << 20U;
constexpr const char* kPieces[] = {"network", "exec",    "read:",   "write:", "/",    "~/",   "..",
                                   "\"",      "[",       "]",       "{",      "}",    ",",    ":",
                                   "needs",   "\\u0000", "\\uD800", "1e999",  "null", "\xFF", "\n"};
constexpr std::uint64_t kNumbers[] = {0,
                                      1,
                                      3,
                                      4,
                                      6,
                                      40,
                                      0x7F,
                                      0xFF,
                                      0xFFF,
                                      0xFFFF,
                                      0x10000,
                                      0x7FFFFFFF,
                                      0x80000000,
                                      0xFFFFFFFF,
                                      0xFFFFFFFC,
                                      0x7FFFFFFFFFFFFFFF,
                                      0x8000000000000000,
                                      0xFFFFFFFFFFFFFFFF};

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    std::size_t below(std::size_t n) { return n == 0 ? 0 : engine_() % n; }
    bool one_in(std::size_t n) { return below(n) == 0; }
    std::uint64_t number() { return one_in(3) ? engine_() : kNumbers[below(std::size(kNumbers))]; }

private:
    std::mt19937_64 engine_;
};

/// A whole plugin, and where in it damage is likely to matter.
struct Base {
    std::string bytes;
    struct Region {
        std::size_t at, size;
    };
    std::vector<Region> regions;
};

Base base_of(std::string bytes) {
    Base out{std::move(bytes), {}};
    Elf64_Ehdr header;
    std::memcpy(&header, out.bytes.data(), sizeof header);
    out.regions.push_back({0, sizeof header});
    out.regions.push_back({header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr)});
    out.regions.push_back({header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr)});
    const std::string name("TENON\0\0\0", 8);
    for (std::size_t at = out.bytes.find(name); at != std::string::npos;
         at = out.bytes.find(name, at + 1)) {
        std::uint32_t size = 0;
        std::memcpy(&size, out.bytes.data() + at - 8, sizeof size);
        // Three times, since this is what the reader is about.
        for (int times = 0; times < 3; ++times)
            out.regions.push_back({at - 12, 20 + size + 4});
    }
    out.regions.push_back({0, out.bytes.size()});
    return out;
}

/// Bytes to put into a copy of a plugin.
struct Damage {
    std::size_t at;
    std::string bytes;
};

Damage damage_to(const Base& base, Random& random) {
    const Base::Region region = base.regions[random.below(base.regions.size())];
    std::size_t at = region.at + random.below(region.size);
    std::string bytes;
    switch (random.below(6)) {
        case 0:
            bytes = std::string(1, static_cast<char>(random.number()));
            break;
        case 1:
            bytes = kPieces[random.below(std::size(kPieces))];
            break;
        case 2: {  // a field of a header
            const std::uint64_t value = random.number();
            const std::size_t width = std::size_t{1} << random.below(4);
            at -= at % width;
            bytes.assign(reinterpret_cast<const char*>(&value), width);
            break;
        }
        case 3: {  // one part in the place of another
            const Base::Region from = base.regions[random.below(base.regions.size())];
            const std::size_t begin = from.at + random.below(from.size);
            bytes = base.bytes.substr(begin, random.below(80));
            break;
        }
        case 4:
            bytes = std::string(random.below(40), '\0');
            break;
        default: {  // another bit
            bytes = base.bytes.substr(at, 1);
            if (!bytes.empty()) bytes[0] = static_cast<char>(bytes[0] ^ (1 << random.below(8)));
            break;
        }
    }
    if (at >= base.bytes.size()) return {0, ""};
    return {at, bytes.substr(0, base.bytes.size() - at)};
}

bool is_well_formed(const Note& note) {
    const auto known = [](const std::string& text) { return tenon::plugin::parse_need(text).ok(); };
    std::vector<std::string> sorted = note.needs;
    std::sort(sorted.begin(), sorted.end());
    return tenon::is_plugin_id(note.id) && note.needs.size() <= 64 &&
           std::all_of(note.needs.begin(), note.needs.end(), known) &&
           std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end() &&
           tenon::utf8::is_valid(note.summary) && note.summary.size() <= (16U << 10U);
}

/// A file in memory that is a base with some damage, which is undone after each case.
class Case {
public:
    explicit Case(const Base& base) : base_(base), fd_(::memfd_create("plugin", MFD_CLOEXEC)) {
        if (!tenon::write_all(fd_.get(), base_.bytes))
            throw std::runtime_error("write to a file in memory");
    }

    /// False: something was accepted that is not well-formed.
    bool run(Random& random, std::size_t& accepted) {
        std::vector<Damage> all;
        for (std::size_t n = 1 + random.below(4); n > 0; --n)
            all.push_back(damage_to(base_, random));
        for (const Damage& damage : all)
            put(damage.at, damage.bytes);
        const bool shorter = random.one_in(50);
        if (shorter) resize(random.below(base_.bytes.size()));
        const auto note = tenon::plugin::read_note(fd_.get());
        if (shorter) {
            resize(base_.bytes.size());
            put(0, base_.bytes);
        }
        for (const Damage& damage : all)
            put(damage.at, base_.bytes.substr(damage.at, damage.bytes.size()));
        if (!note) return !note.error().reason.empty() && !note.error().remedy.empty();
        ++accepted;
        return is_well_formed(*note);
    }

private:
    void put(std::size_t at, const std::string& bytes) {
        if (::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at)) !=
            static_cast<ssize_t>(bytes.size()))
            throw std::runtime_error("write to a file in memory");
    }
    void resize(std::size_t size) {
        if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0)
            throw std::runtime_error("resize a file in memory");
    }

    const Base& base_;
    tenon::UniqueFd fd_;
};

int run(int argc, char** argv) {
    if (argc < 4) return 2;
    const std::uint64_t seed = std::stoull(argv[1]);
    const std::uint64_t count = std::stoull(argv[2]);
    std::vector<Base> bases;
    for (int i = 3; i < argc; ++i) {
        auto bytes = tenon::read_whole_file(argv[i], kMaxFile);
        if (!bytes) throw std::runtime_error(bytes.error().message);
        bases.push_back(base_of(*std::move(bytes)));
    }
    std::vector<Case> cases;
    for (const Base& base : bases)
        cases.emplace_back(base);
    Random random(seed);
    std::size_t accepted = 0;
    for (std::uint64_t n = 0; n < count; ++n) {
        if (cases[n % cases.size()].run(random, accepted)) continue;
        std::cout << "case " << n << " of seed " << seed << " is accepted, or refused in silence\n";
        return 1;
    }
    std::cout << count << " cases, " << accepted << " accepted\n";
    // A reader that refuses everything would pass as well.
    return accepted > count / 100 && accepted < count ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& e) {
        std::cout << e.what() << '\n';
        return 2;
    }
}
