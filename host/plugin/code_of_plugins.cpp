#include "host/plugin/code_of_plugins.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <link.h>
#include <string_view>
#include <sys/uio.h>
#include <unistd.h>

#include "host/base/mutex.h"

namespace tenon::plugin {
namespace {

constexpr std::size_t kMostLibraries = 128;
constexpr std::size_t kLongestId = 40;  // with its NUL
constexpr std::uintptr_t kPage = 4096;
constexpr int kPagesOfStack = 32;

struct CodeRange {
    std::uintptr_t begin = 0, end = 0;
    std::array<char, kLongestId> id{};
};

// A signal handler reads the first `known_ranges` of them; these do not change.
std::array<CodeRange, kMostLibraries> ranges;
std::atomic<std::size_t> known_ranges{0};

/// The part of the address space from the first to the last executable segment.
int find_range(dl_phdr_info* info, std::size_t, void* found) {
    CodeRange& wanted = *static_cast<CodeRange*>(found);
    CodeRange code;
    bool holds_it = false;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const ElfW(Phdr)& part = info->dlpi_phdr[i];
        if (part.p_type != PT_LOAD) continue;
        const std::uintptr_t begin = info->dlpi_addr + part.p_vaddr;
        const std::uintptr_t end = begin + part.p_memsz;
        holds_it = holds_it || (wanted.begin >= begin && wanted.begin < end);
        if ((part.p_flags & PF_X) == 0) continue;
        code.begin = code.begin == 0 ? begin : std::min(code.begin, begin);
        code.end = std::max(code.end, end);
    }
    if (!holds_it) return 0;
    wanted = code;
    return 1;
}

}  // namespace

void remember_code(const std::string& id, const void* inside) {
    static Mutex mutex;
    const Lock lock(mutex);
    const std::size_t count = known_ranges;
    CodeRange range;
    range.begin = reinterpret_cast<std::uintptr_t>(inside);
    if (count == kMostLibraries || ::dl_iterate_phdr(find_range, &range) == 0) return;
    std::copy_n(id.data(), std::min(id.size(), kLongestId - 1), range.id.data());
    ranges[count] = range;
    known_ranges = count + 1;
}

const char* plugin_at(std::uintptr_t address) noexcept {
    const std::size_t count = known_ranges;
    for (std::size_t i = 0; i < count; ++i) {
        if (address >= ranges[i].begin && address < ranges[i].end) return ranges[i].id.data();
    }
    return nullptr;
}

const char* plugin_on_stack(std::uintptr_t stack_pointer) noexcept {
    std::uintptr_t words[kPage / sizeof(std::uintptr_t)];
    std::uintptr_t at = stack_pointer & ~(sizeof(std::uintptr_t) - 1);
    for (int page = 0; page < kPagesOfStack; ++page) {
        const std::size_t size = kPage - at % kPage;
        iovec to{words, size};
        iovec from{reinterpret_cast<void*>(at), size};
        // A load would fault where the stack ends; this call fails.
        if (::process_vm_readv(::getpid(), &to, 1, &from, 1, 0) != static_cast<ssize_t>(size))
            return nullptr;
        for (std::size_t i = 0; i < size / sizeof words[0]; ++i) {
            if (const char* const id = plugin_at(words[i]); id != nullptr) return id;
        }
        at += size;
    }
    return nullptr;
}

}  // namespace tenon::plugin
