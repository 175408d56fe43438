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
#include "host/base/untrusted.h"
#include "host/plugin/needs.h"

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
    return {std::move(reason), kRemoveIt};
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

/// What the notes of a file state: the descriptors of each type, and whether one of them reaches
/// behind the end of the bytes that hold it.
struct FoundNotes {
    std::vector<std::string> abi, needs;
    bool cut_off = false;

    [[nodiscard]] bool any() const { return !abi.empty() || !needs.empty() || cut_off; }
    /// The file will be refused, whatever else it holds.
    [[nodiscard]] bool is_bad() const { return abi.size() > 1 || needs.size() > 1 || cut_off; }
};

/// Whose notes the bytes hold: in our own section everything has to be well-formed; in a segment
/// there are also notes of others.
enum class NotesOf { kUsAlone, kEverybody };

/// Walks over the notes in `bytes` (elf(5), "Notes"): name size, descriptor size, type, name,
/// descriptor, the last two padded to 4.
void collect_notes(std::string_view bytes, NotesOf whose, FoundNotes& out) {
    constexpr std::string_view kName{TENON_NOTE_NAME, sizeof TENON_NOTE_NAME};
    while (bytes.size() >= 12 && !out.is_bad()) {
        std::uint32_t head[3];
        std::memcpy(head, bytes.data(), sizeof head);
        if (head[0] == 0 && head[1] == 0 && head[2] == 0) {  // padding of the linker
            bytes.remove_prefix(4);
            continue;
        }
        bytes.remove_prefix(sizeof head);
        const std::uint64_t name_room = padded(head[0]);
        const bool has_name = name_room <= bytes.size();
        const bool ours = has_name && bytes.substr(0, head[0]) == kName;
        if (!has_name || head[1] > bytes.size() - name_room) {
            out.cut_off = out.cut_off || ours || whose == NotesOf::kUsAlone;
            return;
        }
        bytes.remove_prefix(name_room);
        const std::string_view descriptor = bytes.substr(0, head[1]);
        if (ours && head[2] == TENON_NOTE_TYPE) out.abi.emplace_back(descriptor);
        if (ours && head[2] == TENON_NOTE_TYPE_NEEDS) out.needs.emplace_back(descriptor);
        bytes.remove_prefix(std::min<std::uint64_t>(padded(head[1]), bytes.size()));
    }
}

void collect_notes_at(const ElfFile& file, std::uint64_t at, std::uint64_t size, NotesOf whose,
                      FoundNotes& out) {
    if (out.is_bad()) return;
    if (const auto bytes = file.bytes(at, std::min(size, kMaxNoteBytes)))
        collect_notes(*bytes, whose, out);
}

/// By section name: linkers differ in the type they give the section.
FoundNotes notes_in_sections(const ElfFile& file, const Elf64_Ehdr& header) {
    FoundNotes out;
    const auto sections =
        file.table<Elf64_Shdr>(header.e_shoff, header.e_shnum, header.e_shentsize);
    if (header.e_shstrndx >= sections.size()) return out;
    const Elf64_Shdr& names = sections[header.e_shstrndx];
    const auto text =
        file.bytes(names.sh_offset, std::min<std::uint64_t>(names.sh_size, kMaxNameTable));
    if (!text) return out;
    constexpr std::string_view kSection{".note.tenon", sizeof ".note.tenon"};  // its NUL included
    for (const Elf64_Shdr& section : sections) {
        if (section.sh_type == SHT_NOBITS || section.sh_name >= text->size()) continue;
        if (text->compare(section.sh_name, kSection.size(), kSection) != 0) continue;
        collect_notes_at(file, section.sh_offset, section.sh_size, NotesOf::kUsAlone, out);
    }
    return out;
}

FoundNotes notes_in_segments(const ElfFile& file, const Elf64_Ehdr& header) {
    FoundNotes out;
    for (const auto& segment :
         file.table<Elf64_Phdr>(header.e_phoff, header.e_phnum, header.e_phentsize)) {
        if (segment.p_type != PT_NOTE) continue;
        collect_notes_at(file, segment.p_offset, segment.p_filesz, NotesOf::kEverybody, out);
    }
    return out;
}

/// Of ABI and id.
Result<Note, Refusal> note_from(const std::string& descriptor) {
    if (descriptor.size() < 5)
        return not_a_plugin(
            "the note .note.tenon is malformed; TENON_PLUGIN_NOTE of tenon/plugin.h writes a good "
            "one");
    Note note;
    std::memcpy(&note.abi_major, descriptor.data(), 2);
    std::memcpy(&note.abi_minor, descriptor.data() + 2, 2);
    note.id = descriptor.substr(4, descriptor.find('\0', 4) - 4);
    if (!is_plugin_id(note.id))
        return invalid_plugin(in_quotes(note.id) +
                              " is not a plugin id: 1 to 32 characters of a-z, 0-9, '_' and '-', "
                              "the first a letter");
    return note;
}

/// The text alone: some tools count the padding as a part of the descriptor.
std::string_view without_padding(std::string_view descriptor) {
    for (int n = 0; n < 3 && !descriptor.empty() && descriptor.back() == '\0'; ++n)
        descriptor.remove_suffix(1);
    return descriptor;
}

Result<Note, Refusal> note_from(const FoundNotes& found) {
    if (found.cut_off)
        return not_a_plugin("a note in .note.tenon is malformed: it reaches behind its end");
    if (found.abi.empty())
        return not_a_plugin("not a plugin: a shared library without the note .note.tenon");
    if (found.abi.size() > 1 || found.needs.size() > 1)
        return invalid_plugin("it has two notes of one type in .note.tenon");
    auto note = note_from(found.abi.front());
    if (!note || found.needs.empty()) return note;
    auto needs = parse_needs(without_padding(found.needs.front()));
    if (!needs) return needs.error();
    note->needs = std::move(needs->needs);
    note->summary = std::move(needs->summary);
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
    FoundNotes found = notes_in_sections(file, header);
    if (!found.any()) found = notes_in_segments(file, header);
    return note_from(found);
}

}  // namespace tenon::plugin
