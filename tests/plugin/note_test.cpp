#include "host/plugin/note.h"

#include <cstring>
#include <elf.h>
#include <gmock/gmock.h>
#include <sys/mman.h>

#include <gtest/gtest.h>

#include <tenon/plugin.h>

#include "host/base/atomic_file.h"
#include "host/base/unique_fd.h"

namespace tenon::plugin {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string fixture(const std::string& name) {
    return *read_whole_file(std::string(TENON_FIXTURES) + "/" + name + ".so", 64U << 20U);
}

Result<Note, Refusal> note_of(const std::string& bytes) {
    const UniqueFd fd(::memfd_create("plugin", MFD_CLOEXEC));
    if (!write_all(fd.get(), bytes)) throw std::runtime_error("write to a file in memory");
    return read_note(fd.get());
}

std::string reason(const std::string& bytes) {
    auto read = note_of(bytes);
    return read ? "accepted" : read.error().reason;
}

template <class Field>
std::string with(std::string bytes, std::size_t at, Field value) {
    bytes.replace(at, sizeof value, reinterpret_cast<const char*>(&value), sizeof value);
    return bytes;
}

TEST(Note, StatesAbiAndId) {
    const auto note = note_of(fixture("good"));
    ASSERT_TRUE(note) << note.error().reason;
    EXPECT_EQ(note->id, "good");
    EXPECT_EQ(note->abi_major, TENON_ABI_MAJOR);
    EXPECT_EQ(note->abi_minor, TENON_ABI_MINOR);
}

std::string without_section_headers(const std::string& file) {
    return with(with(file, offsetof(Elf64_Ehdr, e_shoff), Elf64_Off{0}),
                offsetof(Elf64_Ehdr, e_shnum), Elf64_Half{0});
}

TEST(Note, IsFoundWithoutSectionHeaders) {
    const auto note = note_of(without_section_headers(fixture("plain")));
    ASSERT_TRUE(note) << note.error().reason;
    EXPECT_EQ(note->id, "plain");
    EXPECT_THAT(note->needs, IsEmpty());
}

TEST(Note, StatesNeedsInBothLanguagesWithAndWithoutSectionHeaders) {
    for (const bool headers : {true, false}) {
        SCOPED_TRACE(headers);
        const auto shown = [&](const std::string& name) {
            return headers ? fixture(name) : without_section_headers(fixture(name));
        };
        const auto in_c = note_of(shown("needs"));
        ASSERT_TRUE(in_c) << in_c.error().reason;
        EXPECT_EQ(in_c->id, "needs");
        EXPECT_THAT(in_c->needs, ElementsAre("network", "read:/data"));
        EXPECT_EQ(in_c->summary, "Asks the weather.");
        const auto in_cpp = note_of(shown("needs_cpp"));
        ASSERT_TRUE(in_cpp) << in_cpp.error().reason;
        EXPECT_EQ(in_cpp->id, "needs-cpp");
        EXPECT_THAT(in_cpp->needs, ElementsAre("exec", "write:~/out"));
        EXPECT_EQ(in_cpp->summary, "Runs the compiler.");
    }
}

TEST(Note, IsRefusedWhenItsNeedsAreNotUnderstood) {
    for (const bool headers : {true, false}) {
        SCOPED_TRACE(headers);
        const auto reason_of = [&](const std::string& name) {
            return reason(headers ? fixture(name) : without_section_headers(fixture(name)));
        };
        EXPECT_THAT(reason_of("two_notes"), HasSubstr("two notes of one type"));
        EXPECT_THAT(reason_of("two_needs"), HasSubstr("two notes of one type"));
        EXPECT_THAT(reason_of("unknown_need"), HasSubstr("\"teleport\" is not known"));
        EXPECT_THAT(reason_of("malformed_needs"), HasSubstr("its note of needs is malformed"));
    }
}

/// `{"needs":…` of the fixture, and the sizes in front of it.
std::size_t place_of_needs(const std::string& file) {
    return file.find("{\"needs\"");
}

TEST(Note, TakesNeedsThatCountTheirPadding) {
    const std::string file = fixture("needs_cpp");
    const std::size_t at = place_of_needs(file);
    std::uint32_t size = 0;
    std::memcpy(&size, file.data() + at - 16, sizeof size);
    ASSERT_NE(size % 4, 0U) << "the fixture needs no padding, so it proves nothing";
    const auto note = note_of(with(file, at - 16, (size + 3) & ~3U));
    ASSERT_TRUE(note) << note.error().reason;
    EXPECT_THAT(note->needs, ElementsAre("exec", "write:~/out"));
    EXPECT_THAT(reason(with(file, at + 3, '\0')), HasSubstr("its note of needs is malformed"));
}

TEST(Note, IsRefusedWhenItsNeedsReachBehindTheSection) {
    const std::string file = fixture("needs");
    for (const std::uint32_t size : {~0U, 1U << 20U, 0x7FFFFFFFU})
        EXPECT_THAT(reason(with(file, place_of_needs(file) - 16, size)),
                    HasSubstr("it reaches behind its end"));
}

TEST(Note, RefusesFilesThatAreNotPluginsWithTheReason) {
    const std::string good = fixture("plain");
    const struct {
        const char* what;
        std::string file;
        const char* reason;
    } cases[] = {
        {"empty", "", "too short"},
        {"text", std::string(5000, 'a'), "not in ELF format"},
        {"32 bits", with(good, EI_CLASS, char{ELFCLASS32}), "another machine"},
        {"byte order", with(good, EI_DATA, char{ELFDATA2MSB}), "another machine"},
        {"aarch64 or s390", with(good, offsetof(Elf64_Ehdr, e_machine), Elf64_Half{EM_S390}),
         "another machine"},
        {"program", with(good, offsetof(Elf64_Ehdr, e_type), Elf64_Half{ET_EXEC}),
         "not a shared library"},
        {"no note", fixture("no_note"), "without the note .note.tenon"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.what);
        EXPECT_THAT(reason(row.file), HasSubstr(row.reason));
    }
}

TEST(Note, NamesTheOtherMachine) {
    const auto file = with(fixture("plain"), offsetof(Elf64_Ehdr, e_machine), Elf64_Half{EM_ARM});
    EXPECT_THAT(reason(file), HasSubstr("arm, this host is"));
}

TEST(Note, RefusesAFileCutAtAnyPlace) {
    const std::string whole = fixture("plain");
    for (std::size_t length = 0; length < whole.size(); length += length < 1024 ? 7 : 509) {
        SCOPED_TRACE(length);
        EXPECT_THAT(reason(whole.substr(0, length)),
                    AnyOf(HasSubstr("too short"), HasSubstr("cut off")));
    }
}

TEST(Note, RefusesAFileThatEndsInsideASegment) {
    const std::string file = without_section_headers(fixture("plain"));
    Elf64_Ehdr header;
    std::memcpy(&header, file.data(), sizeof header);
    std::size_t mapped_end = 0;
    for (int i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment;
        std::memcpy(&segment, file.data() + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_LOAD)
            mapped_end = std::max(mapped_end, segment.p_offset + segment.p_filesz);
    }
    EXPECT_EQ(reason(file.substr(0, mapped_end)), "accepted");
    EXPECT_THAT(reason(file.substr(0, mapped_end - 1)), HasSubstr("cut off"));
}

TEST(Note, ReadsHostileHeadersWithoutACrash) {
    const std::string whole = fixture("plain");
    Elf64_Ehdr header;
    std::memcpy(&header, whole.data(), sizeof header);
    const std::size_t sections_end = header.e_shoff + header.e_shnum * sizeof(Elf64_Shdr);
    const auto poison = [&](std::size_t from, std::size_t to, std::size_t step) {
        for (std::size_t at = from; at + 8 <= to; at += step)
            for (const std::uint64_t value :
                 {~std::uint64_t{0}, std::uint64_t{1} << 63U, std::uint64_t{0x7FFFFFFF}}) {
                SCOPED_TRACE(at);
                const auto note = note_of(with(whole, at, value));
                if (note) {
                    EXPECT_EQ(note->id, "plain");
                }
            }
    };
    poison(EI_NIDENT, sizeof header + header.e_phnum * sizeof(Elf64_Phdr), 8);
    poison(header.e_shoff, sections_end, 8);
}

TEST(Note, RefusesAMalformedDescriptor) {
    const std::string good = fixture("plain");
    const std::size_t at = good.find(std::string("TENON\0\0\0", 8));
    ASSERT_NE(at, std::string::npos);
    EXPECT_THAT(reason(with(good, at - 8, std::uint32_t{2})), HasSubstr("malformed"));
    EXPECT_THAT(reason(with(good, at - 12, ~std::uint32_t{0})), HasSubstr("behind its end"));
}

TEST(Note, NamesAnIdThatIsNone) {
    const std::string good = fixture("plain");
    const std::size_t id_at = good.find(std::string("TENON\0\0\0", 8)) + 8 + 4;
    constexpr std::size_t kIdBytes = sizeof(tenon_note::id);
    for (const std::string& id :
         {std::string("Bad"), std::string(), std::string("../x"), std::string("1st"),
          std::string(33, 'a'), std::string(kIdBytes, 'a')}) {
        SCOPED_TRACE(id);
        std::string file = good;
        file.replace(id_at, kIdBytes, id + std::string(kIdBytes - id.size(), '\0'));
        const auto note = note_of(file);
        ASSERT_FALSE(note);
        EXPECT_EQ(note.error().reason, '"' + id +
                                           "\" is not a plugin id: 1 to 32 characters of a-z, 0-9, "
                                           "'_' and '-', the first a letter");
        EXPECT_THAT(remedy_for_author(note.error()), HasSubstr("correct that in the plugin"));
    }
}

}  // namespace
}  // namespace tenon::plugin
