#include "host/plugin/link_facts.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace tenon::plugin {
namespace {

/// Far more than any library has. What exceeds a limit counts as malformed.
constexpr std::uint64_t kMostHeaders = 4096;
constexpr std::uint64_t kMostTableBytes = 64U << 20U;
constexpr std::size_t kLongestName = 4096;

Refusal malformed(const char* what) {
    return invalid_plugin(std::string("its ELF structure is malformed: ") + what);
}

/// The file as tables and texts. Never reads beyond the size that the file had when it was opened.
class LibraryImage {
public:
    LibraryImage(int fd, std::uint64_t size) : fd_(fd), size_(size) {}

    [[nodiscard]] std::optional<std::string> bytes(std::uint64_t at, std::uint64_t count) const {
        if (at > size_ || count > size_ - at || count > kMostTableBytes) return std::nullopt;
        std::string out(count, '\0');
        for (std::size_t done = 0; done < out.size();) {
            const ssize_t n =
                ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(at + done));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return std::nullopt;
            done += static_cast<std::size_t>(n);
        }
        return out;
    }
    template <class Entry>
    [[nodiscard]] std::optional<std::vector<Entry>> table(std::uint64_t at,
                                                          std::uint64_t size) const {
        const auto raw = bytes(at, size / sizeof(Entry) * sizeof(Entry));
        if (!raw) return std::nullopt;
        std::vector<Entry> out(raw->size() / sizeof(Entry));
        if (!out.empty()) std::memcpy(out.data(), raw->data(), raw->size());
        return out;
    }
    [[nodiscard]] std::uint64_t size() const { return size_; }

private:
    int fd_;
    std::uint64_t size_;
};

/// The NUL-terminated text at `at` in a table of texts; nothing when it is not inside, or too long.
std::optional<std::string> text_in(const std::string& table, std::uint64_t at) {
    if (at >= table.size()) return std::nullopt;
    const auto end = table.find('\0', at);
    if (end == std::string::npos || end - at > kLongestName) return std::nullopt;
    return table.substr(at, end - at);
}

/// Symbols that linkers add to every library.
bool is_of_the_linker(const std::string& name) {
    constexpr std::array<std::string_view, 7> kNames = {"_init",  "_fini",       "_end", "end",
                                                        "_edata", "__bss_start", "edata"};
    return name.empty() || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

class LinkFactsReader {
public:
    explicit LinkFactsReader(const LibraryImage& image) : image_(image) {}

    Result<LinkFacts, Refusal> read() {
        const auto header = image_.table<Elf64_Ehdr>(0, sizeof(Elf64_Ehdr));
        if (!header || std::memcmp(header->front().e_ident, ELFMAG, SELFMAG) != 0)
            return malformed("no header");
        if (auto read = read_segments(header->front()); !read) return read.error();
        if (auto read = read_dynamic(); !read) return read.error();
        if (auto read = read_symbols(header->front()); !read) return read.error();
        return facts_;
    }

private:
    Result<void, Refusal> read_segments(const Elf64_Ehdr& header) {
        if (header.e_phnum > kMostHeaders || header.e_phentsize != sizeof(Elf64_Phdr))
            return malformed("the table of segments");
        auto segments = image_.table<Elf64_Phdr>(
            header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr));
        if (!segments) return malformed("the table of segments");
        segments_ = std::move(*segments);
        const auto stack = std::find_if(segments_.begin(), segments_.end(),
                                        [](const auto& one) { return one.p_type == PT_GNU_STACK; });
        facts_.executable_stack = stack == segments_.end() || (stack->p_flags & PF_X) != 0;
        return {};
    }

    /// Where `bytes` at a virtual address are in the file.
    [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address,
                                                         std::uint64_t bytes) const {
        for (const Elf64_Phdr& segment : segments_) {
            if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
            const std::uint64_t within = address - segment.p_vaddr;
            if (within > segment.p_filesz || bytes > segment.p_filesz - within) continue;
            if (segment.p_offset > image_.size()) continue;
            return segment.p_offset + within;
        }
        return std::nullopt;
    }

    Result<void, Refusal> read_dynamic() {
        const auto segment = std::find_if(segments_.begin(), segments_.end(),
                                          [](const auto& one) { return one.p_type == PT_DYNAMIC; });
        if (segment == segments_.end()) return malformed("it has no dynamic section");
        auto entries = image_.table<Elf64_Dyn>(segment->p_offset, segment->p_filesz);
        if (!entries) return malformed("the dynamic section");
        entries->erase(std::find_if(entries->begin(), entries->end(),
                                    [](const auto& one) { return one.d_tag == DT_NULL; }),
                       entries->end());
        const auto names = dynamic_texts(*entries);
        if (!names) return malformed("the table of names");
        return read_entries(*entries, *names);
    }

    [[nodiscard]] std::optional<std::string> dynamic_texts(
        const std::vector<Elf64_Dyn>& entries) const {
        std::uint64_t address = 0;
        std::uint64_t size = 0;
        for (const Elf64_Dyn& entry : entries) {
            if (entry.d_tag == DT_STRTAB) address = entry.d_un.d_ptr;
            if (entry.d_tag == DT_STRSZ) size = entry.d_un.d_val;
        }
        const auto at = offset_of(address, size);
        return at ? image_.bytes(*at, size) : std::nullopt;
    }

    Result<void, Refusal> read_entries(const std::vector<Elf64_Dyn>& entries,
                                       const std::string& names) {
        std::string runpath;
        std::string rpath;
        for (const Elf64_Dyn& entry : entries) {
            if (entry.d_tag == DT_TEXTREL) facts_.text_relocations = true;
            if (entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_TEXTREL) != 0)
                facts_.text_relocations = true;
            if (entry.d_tag != DT_NEEDED && entry.d_tag != DT_RUNPATH && entry.d_tag != DT_RPATH)
                continue;
            const auto text = text_in(names, entry.d_un.d_val);
            if (!text) return malformed("a name in the dynamic section");
            if (entry.d_tag == DT_NEEDED) facts_.needed.push_back(*text);
            if (entry.d_tag == DT_RUNPATH) runpath = *text;
            if (entry.d_tag == DT_RPATH) rpath = *text;
        }
        split(runpath.empty() ? rpath : runpath);  // ld.so ignores RPATH where there is a RUNPATH
        return {};
    }

    void split(std::string_view folders) {
        while (!folders.empty()) {
            const auto end = std::min(folders.find(':'), folders.size());
            facts_.search.emplace_back(folders.substr(0, end));
            folders.remove_prefix(std::min(end + 1, folders.size()));
        }
    }

    Result<void, Refusal> read_symbols(const Elf64_Ehdr& header) {
        if (header.e_shnum == 0) return {};  // a library works without section headers
        if (header.e_shnum > kMostHeaders || header.e_shentsize != sizeof(Elf64_Shdr))
            return malformed("the table of sections");
        const auto sections = image_.table<Elf64_Shdr>(
            header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr));
        if (!sections) return malformed("the table of sections");
        for (const Elf64_Shdr& section : *sections) {
            if (section.sh_type != SHT_DYNSYM) continue;
            if (section.sh_link >= sections->size()) return malformed("the symbol table");
            const Elf64_Shdr& texts = (*sections)[section.sh_link];
            const auto symbols = image_.table<Elf64_Sym>(section.sh_offset, section.sh_size);
            const auto names = image_.bytes(texts.sh_offset, texts.sh_size);
            if (!symbols || !names) return malformed("the symbol table");
            facts_.has_symbol_table = true;
            return take_symbols(*symbols, *names);
        }
        return {};
    }

    Result<void, Refusal> take_symbols(const std::vector<Elf64_Sym>& symbols,
                                       const std::string& names) {
        for (const Elf64_Sym& symbol : symbols) {
            const unsigned binding = ELF64_ST_BIND(symbol.st_info);
            const unsigned visibility = ELF64_ST_VISIBILITY(symbol.st_other);
            // SHN_ABS: the names of versions.
            if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS) continue;
            if (binding == STB_LOCAL || visibility == STV_HIDDEN || visibility == STV_INTERNAL)
                continue;
            auto name = text_in(names, symbol.st_name);
            if (!name) return malformed("the name of a symbol");
            if (is_of_the_linker(*name)) continue;
            if (binding == STB_GNU_UNIQUE) facts_.unique.push_back(*name);
            facts_.exports.push_back(std::move(*name));
        }
        return {};
    }

    const LibraryImage& image_;
    std::vector<Elf64_Phdr> segments_;
    LinkFacts facts_;
};

}  // namespace

Result<LinkFacts, Refusal> read_link_facts(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0 || info.st_size < 0)
        return Refusal{Error::from_errno("stat").message, "check the file"};
    const LibraryImage image(fd, static_cast<std::uint64_t>(info.st_size));
    return LinkFactsReader(image).read();
}

}  // namespace tenon::plugin
