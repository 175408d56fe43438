#include "host/plugin_host/verify_test_host.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <new>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/base/json.h"
#include "host/plugin/verify_protocol.h"

namespace tenon::plugin_host::verify {
namespace {

/// In front of each struct, which stays aligned to 16 bytes where its size allows that.
constexpr std::size_t kOwnerRoom = 16;
/// What a newer host has appended.
constexpr std::size_t kNewBytes = 64;
constexpr unsigned char kNewByte = 0xA5;
constexpr std::uint16_t kNewMinor = 99;

std::string_view view(tenon_str text) {
    return {text.p, text.n};
}

tenon_str str(std::string_view text) {
    return {text.data(), text.size()};
}

std::size_t bytes_of(HostAge age, std::size_t whole, std::size_t without_last) {
    if (age == HostAge::kShorter) return without_last;
    return age == HostAge::kNewer ? whole + kNewBytes : whole;
}

std::size_t host_bytes(HostAge age) {
    return bytes_of(age, sizeof(tenon_host), offsetof(tenon_host, state_dir));
}

std::size_t call_bytes(HostAge age) {
    return bytes_of(age, sizeof(tenon_call), offsetof(tenon_call, deadline_ns));
}

/// Copies as much of `whole` as the struct of this age has.
template <class Struct>
void put_struct(const Struct& whole, std::size_t bytes, void* to) {
    std::memset(to, kNewByte, bytes);
    std::memcpy(to, &whole, std::min(bytes, sizeof whole));
}

}  // namespace

GuardedMemory::GuardedMemory(std::size_t bytes, void* owner) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t room = (bytes + kOwnerRoom + page - 1) / page * page;
    void* const all =
        ::mmap(nullptr, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || ::mprotect(static_cast<char*>(all) + room, page, PROT_NONE) != 0)
        throw std::bad_alloc();
    start_ = static_cast<char*>(all) + room - bytes;
    std::memcpy(start_ - kOwnerRoom, &owner, sizeof owner);
}

void* GuardedMemory::owner_of(const void* start) {
    void* owner = nullptr;
    std::memcpy(&owner, static_cast<const char*>(start) - kOwnerRoom, sizeof owner);
    return owner;
}

TestHost& TestHost::of(const tenon_host* table) {
    return *static_cast<TestHost*>(GuardedMemory::owner_of(table));
}

TestHost::TestHost(const TestHostOptions& options, HostAge age)
    : age_(age), memory_(host_bytes(age), this) {
    tenon_host host{};
    host.size = static_cast<std::uint32_t>(host_bytes(age));
    host.abi_major = TENON_ABI_MAJOR;
    host.abi_minor = age == HostAge::kNewer ? kNewMinor : 1;
    host.version = str(TENON_VERSION);
    host.plugin_dir = str(options.plugin_dir);
    host.workspace = str(options.workspace);
    host.state_dir = str(options.state_dir);
    host.log = [](const tenon_host* table, std::int32_t, tenon_str) noexcept { of(table).used(); };
    roots_ = dump_json({{"workspace", options.workspace},
                        {"write", {options.workspace}},
                        {"read", Json::array()},
                        {"skills", Json::array()}});
    host.request = [](const tenon_host* table, const tenon_call*, tenon_str method, tenon_str,
                      tenon_str, tenon_sink out) noexcept -> tenon_rc {
        const bool roots = view(method) == "path.roots/1";
        if (!roots) of(table).note_request(view(method));
        constexpr std::string_view kAnswer = "this host only verifies plugins; it has no services";
        if (out.put != nullptr) out.put(out.ctx, str(roots ? of(table).roots_ : kAnswer));
        return roots ? TENON_OK : TENON_UNSUPPORTED;
    };
    host.extension = [](const tenon_host* table, const char*) noexcept -> const void* {
        of(table).used();
        return nullptr;
    };
    put_struct(host, host_bytes(age), memory_.get());
}

void TestHost::note_request(std::string_view method) {
    used();
    constexpr std::size_t kMostMethods = 64;
    const Lock lock(mutex_);
    if (methods_.size() < kMostMethods) methods_.emplace(method.substr(0, 40));
}

std::set<std::string> TestHost::methods() const {
    const Lock lock(mutex_);
    return methods_;
}

TestCall& TestCall::of(const tenon_call* table) {
    return *static_cast<TestCall*>(GuardedMemory::owner_of(table));
}

TestCall::TestCall(const std::string& tool, const std::string& arguments, HostAge age)
    : memory_(call_bytes(age), this), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!event_) throw std::runtime_error("no descriptor is left for the event of a call");
    static std::atomic<std::uint64_t> last{0};
    tenon_call call{};
    call.size = static_cast<std::uint32_t>(call_bytes(age));
    call.cancel_fd = event_.get();
    call.id = ++last;
    call.tool = str(tool);
    call.args = str(arguments);
    call.write = [](const tenon_call* table, tenon_str chunk) noexcept -> tenon_rc {
        return of(table).write(view(chunk)) ? TENON_OK : TENON_FAILED;
    };
    call.progress = [](const tenon_call* table, tenon_str) noexcept { of(table).used(); };
    call.cancelled = [](const tenon_call* table) noexcept -> std::int32_t {
        of(table).used();
        return of(table).cancelled_.load() ? 1 : 0;
    };
    put_struct(call, call_bytes(age), memory_.get());
}

void TestCall::cancel() {
    cancelled_.store(true);
    ::eventfd_write(event_.get(), 1);
}

void TestCall::close() {
    closed_.store(true);
    // Another file may have got the number meanwhile.
    std::array<char, 64> target{};
    const std::string link = "/proc/self/fd/" + std::to_string(event_.get());
    const ssize_t n = ::readlink(link.c_str(), target.data(), target.size());
    lost_event_ = n <= 0 || std::string_view(target.data(), static_cast<std::size_t>(n)) !=
                                "anon_inode:[eventfd]";
    if (lost_event_) {
        (void)event_.release();
    } else {
        event_.reset();
    }
}

bool TestCall::write(std::string_view chunk) {
    used();
    const Lock lock(mutex_);
    const std::size_t fits = std::min(chunk.size(), plugin::kVerifyMaxResultBytes - text_.size());
    text_.append(chunk.substr(0, fits));
    return fits == chunk.size();
}

std::string TestCall::text() const {
    const Lock lock(mutex_);
    return text_;
}

}  // namespace tenon::plugin_host::verify
