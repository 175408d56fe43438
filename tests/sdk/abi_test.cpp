// The ABI 1.1 is frozen: these numbers never change. A struct may become longer at its end in a
// later minor version; then its row gets a second size, and the rows of the old members stay. They
// are those of an LP64 machine (x86_64, aarch64).
#include <cstddef>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include <tenon/plugin.h>

namespace tenon::sdk {
namespace {

static_assert(sizeof(void*) == 8 && sizeof(std::size_t) == 8 && alignof(std::uint64_t) == 8,
              "the golden numbers are those of an LP64 machine");

struct Member {
    const char* name;
    std::size_t found, golden;
};

void expect_golden(const std::vector<Member>& members) {
    for (const Member& member : members)
        EXPECT_EQ(member.found, member.golden) << member.name;
}

#define OFFSET(type, member, golden) \
    { #type "." #member, offsetof(type, member), golden }
#define SIZE(type, golden) \
    { "size of " #type, sizeof(type), golden }

TEST(Abi, HasTheStructsOf1_1) {
    expect_golden({
        SIZE(tenon_str, 16),
        OFFSET(tenon_str, p, 0),
        OFFSET(tenon_str, n, 8),
        SIZE(tenon_sink, 16),
        OFFSET(tenon_sink, ctx, 0),
        OFFSET(tenon_sink, put, 8),
        SIZE(tenon_rc, 4),
    });
    expect_golden({
        SIZE(tenon_tool, 72),
        OFFSET(tenon_tool, size, 0),
        OFFSET(tenon_tool, flags, 4),
        OFFSET(tenon_tool, name, 8),
        OFFSET(tenon_tool, description, 24),
        OFFSET(tenon_tool, input_schema, 40),
        OFFSET(tenon_tool, facts, 56),
    });
    expect_golden({
        SIZE(tenon_call, 80),
        OFFSET(tenon_call, size, 0),
        OFFSET(tenon_call, cancel_fd, 4),
        OFFSET(tenon_call, id, 8),
        OFFSET(tenon_call, tool, 16),
        OFFSET(tenon_call, args, 32),
        OFFSET(tenon_call, write, 48),
        OFFSET(tenon_call, progress, 56),
        OFFSET(tenon_call, cancelled, 64),
        OFFSET(tenon_call, deadline_ns, 72),
    });
    expect_golden({
        SIZE(tenon_host, 96),
        OFFSET(tenon_host, size, 0),
        OFFSET(tenon_host, abi_major, 4),
        OFFSET(tenon_host, abi_minor, 6),
        OFFSET(tenon_host, version, 8),
        OFFSET(tenon_host, plugin_dir, 24),
        OFFSET(tenon_host, workspace, 40),
        OFFSET(tenon_host, log, 56),
        OFFSET(tenon_host, request, 64),
        OFFSET(tenon_host, extension, 72),
        OFFSET(tenon_host, state_dir, 80),
    });
    expect_golden({
        SIZE(tenon_plugin, 104),
        OFFSET(tenon_plugin, size, 0),
        OFFSET(tenon_plugin, abi_major, 4),
        OFFSET(tenon_plugin, abi_minor, 6),
        OFFSET(tenon_plugin, id, 8),
        OFFSET(tenon_plugin, version, 24),
        OFFSET(tenon_plugin, config_schema, 40),
        OFFSET(tenon_plugin, create, 56),
        OFFSET(tenon_plugin, destroy, 64),
        OFFSET(tenon_plugin, tools, 72),
        OFFSET(tenon_plugin, invoke, 80),
        OFFSET(tenon_plugin, reconfigure, 88),
        OFFSET(tenon_plugin, extension, 96),
    });
    expect_golden({
        SIZE(tenon_context, 48),
        OFFSET(tenon_context, size, 0),
        OFFSET(tenon_context, begin, 8),
        OFFSET(tenon_context, system_prompt, 16),
        OFFSET(tenon_context, remind, 24),
        OFFSET(tenon_context, carry, 32),
        OFFSET(tenon_context, tasks, 40),
    });
    expect_golden({
        SIZE(tenon_note, 60),
        OFFSET(tenon_note, name_size, 0),
        OFFSET(tenon_note, desc_size, 4),
        OFFSET(tenon_note, type, 8),
        OFFSET(tenon_note, name, 12),
        OFFSET(tenon_note, abi_major, 20),
        OFFSET(tenon_note, abi_minor, 22),
        OFFSET(tenon_note, id, 24),
    });
}

TEST(Abi, HasTheConstantsOf1_1) {
    EXPECT_EQ(TENON_ABI_MAJOR, 1);
    EXPECT_GE(TENON_ABI_MINOR, 1);
    expect_golden({
        {"TENON_OK", TENON_OK, 0},
        {"TENON_FAILED", TENON_FAILED, 1},
        {"TENON_BAD_ARGS", TENON_BAD_ARGS, 2},
        {"TENON_CANCELLED", TENON_CANCELLED, 3},
        {"TENON_DENIED", TENON_DENIED, 4},
        {"TENON_UNSUPPORTED", TENON_UNSUPPORTED, 5},
        {"TENON_BUSY", TENON_BUSY, 6},
        {"TENON_FAULT", TENON_FAULT, 7},
        {"TENON_READ_ONLY", TENON_READ_ONLY, 1},
        {"TENON_ADDITIVE", TENON_ADDITIVE, 2},
        {"TENON_IDEMPOTENT", TENON_IDEMPOTENT, 4},
        {"TENON_CLOSED_WORLD", TENON_CLOSED_WORLD, 8},
        {"TENON_CONCURRENT", TENON_CONCURRENT, 16},
        {"TENON_LONG_RUNNING", TENON_LONG_RUNNING, 32},
        {"TENON_LOG_DEBUG", TENON_LOG_DEBUG, 0},
        {"TENON_LOG_INFO", TENON_LOG_INFO, 1},
        {"TENON_LOG_WARNING", TENON_LOG_WARNING, 2},
        {"TENON_LOG_ERROR", TENON_LOG_ERROR, 3},
        {"TENON_NOTE_TYPE", TENON_NOTE_TYPE, 1},
        {"TENON_NOTE_TYPE_NEEDS", TENON_NOTE_TYPE_NEEDS, 2},
    });
    EXPECT_STREQ(TENON_NOTE_NAME, "TENON");
    EXPECT_STREQ(TENON_CONTEXT, "tenon.context/1");
}

/// The functions have the types of 1.1: another type does not compile.
TEST(Abi, HasTheFunctionsOf1_1) {
    const tenon_plugin* (*entry)() = nullptr;
    static_assert(std::is_same_v<decltype(&tenon_plugin_v1), decltype(entry)>);
    [[maybe_unused]] tenon_call call{};
    tenon_rc (*write)(const tenon_call*, tenon_str) = call.write;
    void (*progress)(const tenon_call*, tenon_str) = call.progress;
    std::int32_t (*cancelled)(const tenon_call*) = call.cancelled;
    [[maybe_unused]] tenon_host host{};
    void (*log)(const tenon_host*, std::int32_t, tenon_str) = host.log;
    tenon_rc (*request)(const tenon_host*, const tenon_call*, tenon_str, tenon_str, tenon_str,
                        tenon_sink) = host.request;
    const void* (*host_extension)(const tenon_host*, const char*) = host.extension;
    [[maybe_unused]] tenon_plugin plugin{};
    tenon_rc (*create)(const tenon_host*, tenon_str, void**, tenon_sink) = plugin.create;
    void (*destroy)(void*) = plugin.destroy;
    tenon_rc (*tools)(void*, const tenon_tool* const**, std::uint32_t*) = plugin.tools;
    tenon_rc (*invoke)(void*, const tenon_call*) = plugin.invoke;
    tenon_rc (*reconfigure)(void*, tenon_str, tenon_sink) = plugin.reconfigure;
    const void* (*extension)(void*, const char*) = plugin.extension;
    [[maybe_unused]] tenon_context context{};
    void (*begin)(void*, tenon_str) = context.begin;
    void (*hooks[])(void*, tenon_sink) = {context.system_prompt, context.remind, context.carry,
                                          context.tasks};
    EXPECT_TRUE(!entry && !write && !progress && !cancelled && !log && !request && !host_extension);
    EXPECT_TRUE(!create && !destroy && !tools && !invoke && !reconfigure && !extension && !begin &&
                !hooks[0]);
}

}  // namespace
}  // namespace tenon::sdk
