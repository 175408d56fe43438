#pragma once

#include <cstddef>
#include <cstdint>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <span>
#include <sys/syscall.h>
#include <vector>

#include "host/base/result.h"

/// How seccomp filters are written: small BPF programs (seccomp(2), bpf(4)) for the architecture of
/// this build, one for each system call that is not simply allowed. Which calls a filter refuses
/// is not decided here.
namespace tenon::sandbox {

// Newer than the headers of some systems; the same numbers on every architecture.
constexpr std::uint32_t kClone3 = 435;
constexpr std::uint32_t kOpenat2 = 437;
constexpr std::uint32_t kFchmodat2 = 452;
constexpr std::uint32_t kOpenTreeAttr = 467;

/// The answer of a filter: the call fails with this errno value.
constexpr std::uint32_t answer_errno(int code) {
    return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(code);
}

/// The instructions that decide about one call. The accumulator holds what was loaded last.
class FilterProgram {
public:
    void load(std::size_t offset) {
        add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
    }
    void load_call() { load(offsetof(seccomp_data, nr)); }
    /// The lower half. The kernel uses no more of the arguments that are judged.
    void load_argument(std::size_t n) {
        load(offsetof(seccomp_data, args) + n * sizeof(std::uint64_t));
    }
    void load_upper_half(std::size_t n) {
        load(offsetof(seccomp_data, args) + n * sizeof(std::uint64_t) + sizeof(std::uint32_t));
    }
    void answer(std::uint32_t action) { add(BPF_RET | BPF_K, action); }
    void answer_if_equal(std::uint32_t value, std::uint32_t action) {
        jump(BPF_JEQ, value, 0, 1);
        answer(action);
    }
    void answer_if_any_bit(std::uint32_t bits, std::uint32_t action) {
        jump(BPF_JSET, bits, 0, 1);
        answer(action);
    }
    void answer_unless_equal(std::uint32_t value, std::uint32_t action) {
        jump(BPF_JEQ, value, 1, 0);
        answer(action);
    }
    void answer_unless_any_bit(std::uint32_t bits, std::uint32_t action) {
        jump(BPF_JSET, bits, 1, 0);
        answer(action);
    }
    void answer_if_at_least(std::uint32_t value, std::uint32_t action) {
        jump(BPF_JGE, value, 0, 1);
        answer(action);
    }
    void keep_bits(std::uint32_t bits) { add(BPF_ALU | BPF_AND | BPF_K, bits); }

    void append(const FilterProgram& other) {
        code_.insert(code_.end(), other.code_.begin(), other.code_.end());
    }
    [[nodiscard]] std::size_t size() const { return code_.size(); }
    std::vector<sock_filter> take() { return std::move(code_); }
    /// The functions `skip_` skip `size` instructions, at most 255, depending on the accumulator.
    void skip_unless_equal(std::uint32_t value, std::size_t size) {
        jump(BPF_JEQ, value, 0, static_cast<std::uint8_t>(size));
    }
    void skip_unless_any_bit(std::uint32_t bits, std::size_t size) {
        jump(BPF_JSET, bits, 0, static_cast<std::uint8_t>(size));
    }
    void skip_unless_at_least(std::uint32_t value, std::size_t size) {
        jump(BPF_JGE, value, 0, static_cast<std::uint8_t>(size));
    }
    /// `size` may be any number here.
    void skip_if_at_least(std::uint32_t value, std::size_t size);
    /// Whether the program only answers, and with what.
    [[nodiscard]] bool only_answers(std::uint32_t action) const {
        return code_.size() == 1 && code_[0].code == (BPF_RET | BPF_K) && code_[0].k == action;
    }

private:
    void add(unsigned code, std::uint32_t value) {
        code_.push_back({static_cast<std::uint16_t>(code), 0, 0, value});
    }
    void jump(unsigned condition, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
        code_.push_back({static_cast<std::uint16_t>(BPF_JMP | condition | BPF_K), yes, no, value});
    }
    std::vector<sock_filter> code_;
};

/// The programs for the calls that are not simply allowed, by number.
class CallPrograms {
public:
    static constexpr std::uint32_t kAnyCall = 0x3FFFFFFF;

    void refuse(std::uint32_t call, int code);
    /// If `body` gives no answer, the call is allowed. A call has one program.
    template <class Body>
    void on(std::uint32_t call, Body body) {
        FilterProgram p;
        body(p);
        programs_.push_back({call, call, std::move(p)});
    }
    /// The whole filter. Calls of another architecture (32 bits, x32), and calls with a number
    /// above `newest`, fail with ENOSYS.
    [[nodiscard]] std::vector<sock_filter> filter(std::uint32_t newest = kAnyCall) &&;

private:
    struct CallProgram {
        std::uint32_t first;
        std::uint32_t last;
        FilterProgram program;
    };
    [[nodiscard]] FilterProgram tree();
    static FilterProgram leaf(const CallProgram& program_of_call);
    static FilterProgram tree(std::span<const CallProgram> programs);

    std::vector<CallProgram> programs_;
};

/// Calls that could lead out of every sandbox, or change the machine. Most of them need privileges
/// that a process in a sandbox does not have anyway. They are refused so that a bug of the kernel
/// in them does not matter.
std::span<const std::uint32_t> dangerous_calls();

/// Enforces a filter for this process and its descendants, for good. Needs no_new_privs. For a
/// process with one thread.
Result<void> enforce_filter_alone(const std::vector<sock_filter>& program);

}  // namespace tenon::sandbox
