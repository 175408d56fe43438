#include "host/plugin/note.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <tenon/plugin.h>

#include "host/base/ids.h"

namespace tenon::plugin {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr Elf64_Half kMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr Elf64_Half kMachine = EM_PPC64;
#else
#error "add the ELF number of this machine here"
#endif
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
constexpr unsigned char kByteOrder = ELFDATA2LSB;
#else
constexpr unsigned char kByteOrder = ELFDATA2MSB;
#endif
static_assert(sizeof(void*) == 8, "the note reader reads 64-bit files only");

/// Note sections have a few hundred bytes; of a larger one only this much is read.
constexpr std::uint64_t kMaxNoteBytes = 64U << 10U;
/// Real libraries have some dozens of section and program headers.
constexpr std::uint64_t kMaxHeaders = 4096;
constexpr std::uint64_t kMaxNameTable = 1U << 20U;

Refusal not_a_plugin(std::string reason) {
    return {std::move(reason),
            "remove the file from the plugins folder, or build it with the Tenon SDK"};
}

/// A file that is never read beyond its size.
class ElfFile {
public:
    ElfFile(int fd, std::uint64_t size) : fd_(fd), size_(size) {}

    [[nodiscard]] bool holds(std::uint64_t at, std::uint64_t bytes) const {
        return at <= size_ && bytes <= size_ - at;
    }
    bool read(std::uint64_t at, void* to, std::size_t bytes) const {
        if (!holds(at, bytes)) return false;
        auto* out = static_cast<char*>(to);
        while (bytes > 0) {
            const ssize_t n = ::pread(fd_, out, bytes, static_cast<off_t>(at));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return false;
            out += n;
            at += static_cast<std::uint64_t>(n);
            bytes -= static_cast<std::size_t>(n);
        }
        return true;
    }
    [[nodiscard]] std::optional<std::string> bytes(std::uint64_t at, std::uint64_t count) const {
        if (!holds(at, count)) return std::nullopt;
        std::string out(count, '\0');
        if (!read(at, out.data(), out.size())) return std::nullopt;
        return out;
    }
    /// A table of `count` headers of `stride` bytes each.
    template <class Header>
    [[nodiscard]] std::vector<Header> table(std::uint64_t at, std::uint64_t count,
                                            std::uint64_t stride) const {
        std::vector<Header> out;
        if (at == 0 || stride < sizeof(Header) || stride > 4096 || count > kMaxHeaders) return out;
        if (!holds(at, count * stride)) return out;
        for (std::uint64_t i = 0; i < count; ++i) {
            Header header;
            if (!read(at + i * stride, &header, sizeof header)) return out;
            out.push_back(header);
        }
        return out;
    }

private:
    int fd_;
    std::uint64_t size_;
};

std::string machine_name(unsigned machine) {
    switch (machine) {
        case EM_386:
            return "i386";
        case EM_X86_64:
            return "x86-64";
        case EM_ARM:
            return "arm";
        case EM_AARCH64:
            return "aarch64";
        case EM_RISCV:
            return "riscv";
        case EM_PPC64:
            return "ppc64";
        default:
            return "machine number " + std::to_string(machine);
    }
}

std::optional<Refusal> check_header(const Elf64_Ehdr& header) {
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return not_a_plugin("not a plugin: the file is not in ELF format");
    const bool other_class =
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != kByteOrder;
    if (other_class || header.e_machine != kMachine) {
        const std::string found =
            other_class ? "another word size or byte order" : machine_name(header.e_machine);
        return Refusal{
            "built for another machine: " + found + ", this host is " + machine_name(kMachine),
            "build the plugin on this machine, or for it"};
    }
    if (header.e_type != ET_DYN)
        return not_a_plugin("not a plugin: the file is not a shared library");
    return std::nullopt;
}

constexpr std::uint64_t padded(std::uint64_t size) {
    return (size + 3) & ~std::uint64_t{3};
}

/// Walks over the notes in `bytes` (elf(5), "Notes"): name size, descriptor size, type, name,
/// descriptor, the last two padded to 4.
std::optional<std::string> find_descriptor(std::string_view bytes) {
    while (bytes.size() >= 12) {
        std::uint32_t head[3];
        std::memcpy(head, bytes.data(), sizeof head);
        bytes.remove_prefix(sizeof head);
        const std::uint64_t name_room = padded(head[0]);
        if (name_room > bytes.size()) return std::nullopt;
        const std::string_view name = bytes.substr(0, head[0]);
        bytes.remove_prefix(name_room);
        if (head[1] > bytes.size()) return std::nullopt;
        constexpr std::string_view kName{TENON_NOTE_NAME, sizeof TENON_NOTE_NAME};
        if (head[2] == TENON_NOTE_TYPE && name == kName)
            return std::string(bytes.substr(0, head[1]));
        bytes.remove_prefix(std::min<std::uint64_t>(padded(head[1]), bytes.size()));
    }
    return std::nullopt;
}

std::optional<std::string> descriptor_at(const ElfFile& file, std::uint64_t at,
                                         std::uint64_t size) {
    const auto bytes = file.bytes(at, std::min(size, kMaxNoteBytes));
    return bytes ? find_descriptor(*bytes) : std::nullopt;
}

/// By section name: linkers differ in the type they give the section.
std::optional<std::string> from_sections(const ElfFile& file, const Elf64_Ehdr& header) {
    const auto sections =
        file.table<Elf64_Shdr>(header.e_shoff, header.e_shnum, header.e_shentsize);
    if (header.e_shstrndx >= sections.size()) return std::nullopt;
    const Elf64_Shdr& names = sections[header.e_shstrndx];
    const auto text =
        file.bytes(names.sh_offset, std::min<std::uint64_t>(names.sh_size, kMaxNameTable));
    if (!text) return std::nullopt;
    constexpr std::string_view kSection{".note.tenon", sizeof ".note.tenon"};  // its NUL included
    for (const Elf64_Shdr& section : sections) {
        if (section.sh_type == SHT_NOBITS || section.sh_name >= text->size()) continue;
        if (text->compare(section.sh_name, kSection.size(), kSection) != 0) continue;
        if (auto found = descriptor_at(file, section.sh_offset, section.sh_size)) return found;
    }
    return std::nullopt;
}

std::optional<std::string> from_segments(const ElfFile& file, const Elf64_Ehdr& header) {
    for (const auto& segment :
         file.table<Elf64_Phdr>(header.e_phoff, header.e_phnum, header.e_phentsize)) {
        if (segment.p_type != PT_NOTE) continue;
        if (auto found = descriptor_at(file, segment.p_offset, segment.p_filesz)) return found;
    }
    return std::nullopt;
}

Result<Note, Refusal> note_from(const std::string& descriptor) {
    const Refusal malformed = not_a_plugin(
        "the note .note.tenon is malformed; TENON_PLUGIN_NOTE of tenon/plugin.h writes a good one");
    if (descriptor.size() < 5) return malformed;
    Note note;
    std::memcpy(&note.abi_major, descriptor.data(), 2);
    std::memcpy(&note.abi_minor, descriptor.data() + 2, 2);
    note.id = descriptor.substr(4, descriptor.find('\0', 4) - 4);
    if (!is_plugin_id(note.id)) return malformed;
    return note;
}

/// The dynamic loader maps what the headers state, and reading a page behind the end of the file
/// raises SIGBUS. So a file that is cut off is refused before it is loaded.
bool is_whole(const ElfFile& file, const Elf64_Ehdr& header) {
    const std::uint64_t sections = std::uint64_t{header.e_shnum} * header.e_shentsize;
    if (header.e_shoff != 0 && !file.holds(header.e_shoff, sections)) return false;
    const auto segments =
        file.table<Elf64_Phdr>(header.e_phoff, header.e_phnum, header.e_phentsize);
    return !segments.empty() &&
           std::all_of(segments.begin(), segments.end(), [&](const Elf64_Phdr& segment) {
               return segment.p_type != PT_LOAD || file.holds(segment.p_offset, segment.p_filesz);
           });
}

}  // namespace

Result<Note, Refusal> read_note(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0 || info.st_size < 0) {
        return Refusal{Error::from_errno("stat").message, "check the file"};
    }
    const ElfFile file(fd, static_cast<std::uint64_t>(info.st_size));
    Elf64_Ehdr header{};
    if (!file.read(0, &header, sizeof header))
        return not_a_plugin("not a plugin: the file is too short for one");
    if (auto refusal = check_header(header)) return *refusal;
    if (!is_whole(file, header))
        return Refusal{"the file is cut off: its headers name bytes behind its end",
                       "copy the complete file again"};
    auto descriptor = from_sections(file, header);
    if (!descriptor) descriptor = from_segments(file, header);
    if (!descriptor)
        return not_a_plugin("not a plugin: a shared library without the note .note.tenon");
    return note_from(*descriptor);
}

}  // namespace tenon::plugin
