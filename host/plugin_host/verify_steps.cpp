#include "host/plugin_host/verify_steps.h"

#include <atomic>
#include <cstring>
#include <dlfcn.h>
#include <thread>
#include <time.h>  // NOLINT(modernize-deprecated-headers): nanosleep

#include "host/base/utf8.h"
#include "host/plugin_host/verify_surroundings.h"

namespace tenon::plugin_host::verify {
namespace {

using std::chrono::milliseconds;
using Instance = VerifiedPlugin::Instance;

std::string text_of(tenon_str text) {
    return text.n == 0 ? std::string() : std::string(text.p, text.n);
}

/// Not more of a text than a message needs.
std::string quoted(const std::string& text) {
    constexpr std::size_t kMostShown = 100;
    const std::string shown(utf8::first_bytes(utf8::repair(text), kMostShown));
    return json_quote(shown) + (text.size() > kMostShown ? "…" : "");
}

Json tool_json(const tenon_tool& tool) {
    return {{"name", text_of(tool.name)},
            {"description", text_of(tool.description)},
            {"input_schema", text_of(tool.input_schema)},
            {"flags", tool.flags},
            {"facts", TENON_HAS(&tool, facts) ? text_of(tool.facts) : std::string()}};
}

/// JSON can carry only UTF-8, and the host would refuse the tool.
void check_utf8(const tenon_tool& tool, VerifyReport& report) {
    for (const tenon_str text : {tool.name, tool.description, tool.input_schema})
        if (!utf8::is_valid(text_of(text)))
            report.failed("a text of the tool " + quoted(text_of(tool.name)) + " is not UTF-8",
                          "write name, description and schema in UTF-8");
}

void pause_for(milliseconds time) {
    timespec left{0, static_cast<long>(time.count()) * 1'000'000};
    ::nanosleep(&left, nullptr);
}

/// A thread that was joined is still listed for a moment.
std::size_t settled_threads(std::size_t expected) {
    std::size_t threads = ProcessUse::now().threads;
    for (int round = 0; threads > expected && round < 100; ++round) {
        pause_for(milliseconds(10));
        threads = ProcessUse::now().threads;
    }
    return threads;
}

void check_threads(std::size_t before, VerifyReport& report) {
    const std::size_t after = settled_threads(before);
    if (after > before)
        report.failed(
            "threads of its own (" + std::to_string(after - before) + ") still run after destroy",
            "stop and join every thread before destroy returns");
}

void check_surroundings(const Surroundings& before, VerifyReport& report) {
    const std::string changed = before.changes();
    if (!changed.empty())
        report.failed("it has changed " + changed,
                      "leave alone what belongs to the process: see THREADS in tenon/plugin.h");
}

// ------------------------------------------------------------------ the steps

void load(const VerifyJob& job, VerifiedPlugin& plugin, VerifyReport& report) {
    const tenon_plugin& library = plugin.library();
    void* const handle = ::dlopen(job.file.c_str(), RTLD_NOW | RTLD_NOLOAD);
    void* const symbol = handle == nullptr ? nullptr : ::dlsym(handle, "tenon_plugin_v1");
    if (symbol != nullptr) {
        const tenon_plugin* again = nullptr;
        plugin.run_short("tenon_plugin_v1",
                         [&] { again = reinterpret_cast<const tenon_plugin* (*)()>(symbol)(); });
        if (again != &library)
            report.failed("tenon_plugin_v1 returns another address when it is called again",
                          "let it return the address of static data");
    }
    const std::string version = text_of(library.version);
    if (!utf8::is_valid(version) || version.empty())
        report.remark("its version is empty or not UTF-8", "state a version, such as \"1.0.0\"");
    report.state("plugin", {{"version", version},
                            {"config_schema", text_of(library.config_schema)},
                            {"abi_major", library.abi_major},
                            {"abi_minor", library.abi_minor}});
}

Json hook_names(const tenon_context& hooks) {
    Json names = Json::array();
    if (TENON_HAS(&hooks, begin) && hooks.begin != nullptr) names.push_back("begin");
    if (TENON_HAS(&hooks, carry)) {
        if (hooks.system_prompt != nullptr) names.push_back("system_prompt");
        if (hooks.remind != nullptr) names.push_back("remind");
        if (hooks.carry != nullptr) names.push_back("carry");
    }
    if (TENON_HAS(&hooks, tasks) && hooks.tasks != nullptr) names.push_back("tasks");
    return names;
}

void check_extensions(VerifiedPlugin& plugin, const Instance& instance, VerifyReport& report) {
    if (const tenon_context* const hooks = plugin.hooks(instance); hooks != nullptr) {
        if (!TENON_HAS(hooks, carry))
            report.failed("the size of its tenon_context is too small for the first revision",
                          "set size to sizeof(tenon_context)");
        report.state("hooks", hook_names(*hooks));
    }
    if (!TENON_HAS(&plugin.library(), extension) || plugin.library().extension == nullptr) return;
    const void* unknown = nullptr;
    plugin.run_short("extension with an unknown id", [&] {
        unknown = plugin.library().extension(instance.self, "tenon.unknown/1");
    });
    if (unknown != nullptr)
        report.failed("extension returns a table for an id that nobody knows",
                      "compare the whole id, and return NULL for every other");
}

void create(const VerifyJob&, VerifiedPlugin& plugin, VerifyReport& report) {
    const Surroundings before = Surroundings::now();
    const std::size_t threads = ProcessUse::now().threads;
    Instance instance;
    if (!plugin.create(HostAge::kThis, instance)) return;
    std::vector<const tenon_tool*> tools;
    if (plugin.tools(instance, tools)) {
        Json list = Json::array();
        for (const tenon_tool* tool : tools) {
            check_utf8(*tool, report);
            list.push_back(tool_json(*tool));
        }
        report.state("tools", std::move(list));
    }
    check_extensions(plugin, instance, report);
    plugin.destroy(instance);
    check_threads(threads, report);
    check_surroundings(before, report);
    report.state("requests", instance.host->methods());
}

/// A host checks the configuration first, so what does not fit the schema can only come from a host
/// that is wrong. A plugin stands that too.
void broken(const VerifyJob& job, VerifiedPlugin& plugin, VerifyReport& report) {
    std::vector<std::string> configs = job.broken;
    configs.insert(configs.end(), {"", "{\"a\":", "\xff\xfe"});
    for (const std::string& config : configs) {
        TestHost& host = plugin.make_host(HostAge::kThis);
        void* self = nullptr;
        std::string why;
        const std::string name = "create with the configuration " + quoted(config);
        if (plugin.create(config, host, name, self, why)) {
            plugin.destroy({self, &host});
        } else if (why.empty()) {
            report.remark(
                "create refuses the configuration " + quoted(config) + " without saying why",
                "put the reason into `error`");
            return;
        }
    }
}

void two(const VerifyJob& job, VerifiedPlugin& plugin, VerifyReport& report) {
    Instance first, second;
    if (!plugin.create(HostAge::kThis, first)) return;
    if (!plugin.create(HostAge::kThis, second)) return;
    std::vector<const tenon_tool*> tools, again;
    if (plugin.tools(first, tools) && plugin.tools(second, again) && tools.size() != again.size())
        report.remark("a second instance lists " + std::to_string(again.size()) +
                          " tools, the first " + std::to_string(tools.size()),
                      "keep the state of an instance behind `self`, not in static variables");
    plugin.destroy(first);
    for (const VerifyJob::Call& call : job.calls)
        plugin.call(second, call);
    plugin.destroy(second);
}

constexpr int kHalf = 50;

/// Growth that goes on in both halves of the rounds is a leak; what is set up once is not.
bool grows(std::size_t a, std::size_t b, std::size_t c, std::size_t least) {
    return b >= a + least && c >= b + least;
}

void report_leaks(const ProcessUse& a, const ProcessUse& b, const ProcessUse& c,
                  VerifyReport& report) {
    constexpr std::size_t kLeastBytes = 16;  // the smallest piece of malloc, each round
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::string each = " each time that it is created and destroyed";
    if (grows(a.descriptors, b.descriptors, c.descriptors, kHalf / 2)) {
        std::string names;
        for (const std::string& name : open_files())
            names += (names.empty() ? "" : ", ") + utf8::repair(name);
        report.failed("it leaves descriptors open" + each + ", such as " + names,
                      "close them in destroy");
    }
    if (grows(a.threads, b.threads, c.threads, kHalf / 2))
        report.failed("it leaves threads behind" + each, "join them in destroy");
    if (grows(a.heap, b.heap, c.heap, kHalf * kLeastBytes)) {
        report.failed("it leaks " + std::to_string((c.heap - b.heap) / kHalf) + " bytes" + each,
                      "free in destroy what create and tools have allocated");
    } else if (grows(a.resident, b.resident, c.resident, kHalf * page)) {
        report.failed("it leaks " + std::to_string((c.resident - b.resident) / kHalf) +
                          " bytes of memory" + each,
                      "unmap or free in destroy what create and tools have taken");
    }
}

void repeat(const VerifyJob& job, VerifiedPlugin& plugin, VerifyReport& report) {
    // One host for all rounds: each is mapped memory that stays.
    TestHost& host = plugin.make_host(HostAge::kThis);
    const std::size_t threads = ProcessUse::now().threads;
    const auto rounds = [&](int count) {
        for (int i = 0; i < count; ++i) {
            void* self = nullptr;
            std::string why;
            if (!plugin.create(job.config, host, "create, many times", self, why)) {
                report.failed("create fails when it is repeated: " + utf8::repair(why),
                              "let destroy undo what create has done");
                return false;
            }
            std::vector<const tenon_tool*> tools;
            const bool listed = plugin.tools({self, &host}, tools);
            plugin.run_short("destroy, many times", [&] { plugin.library().destroy(self); });
            if (!listed) return false;
        }
        return true;
    };
    constexpr int kWarmUp = 20;
    if (!rounds(kWarmUp)) return;
    const ProcessUse before = ProcessUse::now();
    if (!rounds(kHalf)) return;
    const ProcessUse middle = ProcessUse::now();
    if (!rounds(kHalf)) return;
    ProcessUse after = ProcessUse::now();
    if (after.threads > middle.threads) after.threads = settled_threads(threads);
    report_leaks(before, middle, after, report);
}

void call_hook(VerifiedPlugin& plugin, const std::string& name,
               const std::function<void(tenon_sink)>& hook, VerifyReport& report) {
    constexpr std::size_t kLongest = 32U << 10U;
    constexpr milliseconds kTimeOfAHook{1000};
    std::string text;
    const auto begin = std::chrono::steady_clock::now();
    // A machine that is busy must not make a defect of it.
    plugin.run(
        "the hook " + name, [&] { hook(append_to(text)); }, 3 * kTimeOfAHook,
        "did not return within 3 s; a hook has 1 s");
    if (std::chrono::steady_clock::now() - begin > kTimeOfAHook)
        report.remark("the hook " + name + " took longer than the 1 s that a hook has",
                      "leave slow work to the tools");
    if (!utf8::is_valid(text))
        report.remark("the text of the hook " + name + " is not UTF-8", "write it in UTF-8");
    if (text.size() > kLongest)
        report.remark("the text of the hook " + name + " is longer than 32 KiB",
                      "say less: the rest is cut off");
}

void hooks(const VerifyJob&, VerifiedPlugin& plugin, VerifyReport& report) {
    Instance instance;
    if (!plugin.create(HostAge::kThis, instance)) return;
    std::vector<const tenon_tool*> tools;
    (void)plugin.tools(instance, tools);
    const tenon_context* const table = plugin.hooks(instance);
    if (table != nullptr && TENON_HAS(table, begin) && table->begin != nullptr) {
        for (const char* reason : {"new", "cleared", "resumed", "restarted"}) {
            const std::string session =
                std::string(R"({"session":"verify","reason":")") + reason + "\"}";
            call_hook(
                plugin, "begin",
                [&](tenon_sink) {
                    table->begin(instance.self, {session.data(), session.size()});
                },
                report);
        }
    }
    using Hook = void (*)(void*, tenon_sink);
    std::vector<std::pair<const char*, Hook>> all;
    if (table != nullptr && TENON_HAS(table, carry))
        all = {{"system_prompt", table->system_prompt},
               {"remind", table->remind},
               {"carry", table->carry}};
    if (table != nullptr && TENON_HAS(table, tasks)) all.emplace_back("tasks", table->tasks);
    for (const auto& [name, hook] : all) {
        if (hook == nullptr) continue;
        call_hook(
            plugin, name, [&, run = hook](tenon_sink out) { run(instance.self, out); }, report);
    }
    plugin.destroy(instance);
    report.state("requests", instance.host->methods());
}

void judge(const VerifyJob::Call& call, const CallEnd& end, VerifyReport& report) {
    if (!end.returned) return;
    const std::string name = call.tool + " with " + call.label;
    if (end.rc < TENON_OK || end.rc > TENON_FAULT) {
        report.failed(name + ": invoke returns the unknown code " + std::to_string(end.rc),
                      "return one of the codes of tenon_rc");
    } else if (end.rc == TENON_FAULT) {
        report.failed(name + ": invoke reports a defect (TENON_FAULT): " + quoted(end.text),
                      "return TENON_FAILED or TENON_BAD_ARGS where the plugin works as it should");
    } else if (end.rc == TENON_BAD_ARGS && call.fits) {
        report.remark(name + ": the tool refuses " + call.arguments.substr(0, 200) +
                          ", which its schema allows" +
                          (end.text.empty() ? "" : ": " + quoted(end.text)),
                      "let the schema say what is accepted, so that models know it");
    }
    if (end.rc != TENON_OK && end.rc != TENON_CANCELLED && end.text.empty())
        report.remark(name + ": the call fails without a text",
                      "write what is wrong and what to do, since the model reads it");
    if (!utf8::is_valid(end.text))
        report.remark(name + ": the result is not UTF-8",
                      "convert or escape other bytes; the host replaces them");
}

void call(const VerifyJob& job, VerifiedPlugin& plugin, VerifyReport& report) {
    Instance instance;
    if (!plugin.create(HostAge::kThis, instance)) return;
    const Surroundings before = Surroundings::now();
    for (const VerifyJob::Call& one : job.calls)
        judge(one, plugin.call(instance, one), report);
    check_surroundings(before, report);
    plugin.destroy(instance);
    report.state("requests", instance.host->methods());
}

void cancel(const VerifyJob& job, VerifiedPlugin& plugin, VerifyReport& report) {
    Instance instance;
    if (!plugin.create(HostAge::kThis, instance)) return;
    for (VerifyJob::Call one : job.calls) {
        const std::string label = one.label;
        const std::pair<CancelAt, const char*> moments[] = {
            {CancelAt::kBefore, ", cancelled before it began"},
            {CancelAt::kDuring, ", cancelled while it ran"},
            {CancelAt::kAfter, ", cancelled after it had returned"}};
        for (const auto& [moment, words] : moments) {
            one.label = label + words;
            const CallEnd end = plugin.call(instance, one, moment);
            if (end.returned && end.rc == TENON_FAULT)
                report.failed(
                    one.tool + " with " + one.label + ": invoke reports a defect (TENON_FAULT)",
                    "return TENON_CANCELLED");
        }
    }
    plugin.destroy(instance);
}

void with_host_of(HostAge age, const VerifyJob& job, VerifiedPlugin& plugin, VerifyReport& report) {
    Instance instance;
    if (!plugin.create(age, instance)) return;
    std::vector<const tenon_tool*> tools;
    (void)plugin.tools(instance, tools);
    for (const VerifyJob::Call& one : job.calls) {
        const CallEnd end = plugin.call(instance, one);
        if (end.returned && end.rc == TENON_FAULT)
            report.failed(one.tool + ": invoke reports a defect (TENON_FAULT)",
                          "read a member of a struct only if its size reaches it (TENON_HAS)");
    }
    plugin.destroy(instance);
}

void shorter(const VerifyJob& job, VerifiedPlugin& plugin, VerifyReport& report) {
    with_host_of(HostAge::kShorter, job, plugin, report);
}

void newer(const VerifyJob& job, VerifiedPlugin& plugin, VerifyReport& report) {
    with_host_of(HostAge::kNewer, job, plugin, report);
}

constexpr int kThreads = 8;
constexpr int kCallsOfAThread = 50;

void threads(const VerifyJob& job, VerifiedPlugin& plugin, VerifyReport& report) {
    Instance instance;
    if (!plugin.create(HostAge::kThis, instance)) return;
    std::vector<const tenon_tool*> tools;
    (void)plugin.tools(instance, tools);
    const auto end = std::chrono::steady_clock::now() + milliseconds(1000);
    std::atomic<bool> over{false};
    std::atomic<int> faults{0};
    std::atomic<int> at_work{kThreads};
    Mutex mutex;
    std::vector<TestCall*> running(kThreads, nullptr);
    const auto work = [&](std::size_t place) {
        for (int i = 0; i < kCallsOfAThread && !over.load(); ++i) {
            const auto& one = job.calls[(place + static_cast<std::size_t>(i)) % job.calls.size()];
            TestCall& made = plugin.make_call(one, HostAge::kThis);
            {
                const Lock lock(mutex);
                running[place] = &made;
                if (over.load()) made.cancel();
            }
            if (plugin.call_quietly(instance, made, one.tool) == TENON_FAULT) ++faults;
            const Lock lock(mutex);
            running[place] = nullptr;
            made.close();
        }
        --at_work;
    };
    plugin.run(
        "calls on 8 threads",
        [&] {
            std::vector<std::thread> all;
            for (std::size_t place = 0; place < kThreads; ++place)
                all.emplace_back(work, place);
            while (at_work.load() > 0 && std::chrono::steady_clock::now() < end)
                pause_for(milliseconds(5));
            {
                const Lock lock(mutex);
                over.store(true);
                for (TestCall* made : running)
                    if (made != nullptr) made->cancel();
            }
            for (std::thread& thread : all)
                thread.join();
        },
        milliseconds(6000), "did not return within 5 s after the calls were cancelled");
    if (faults.load() > 0)
        report.failed("calls that overlap report defects (TENON_FAULT)",
                      "guard what the calls share, or leave out the flag TENON_CONCURRENT");
    plugin.destroy(instance);
}

struct NamedStep {
    const char* name;
    VerifyStep run;
};

constexpr NamedStep kSteps[] = {
    {"load", load},     {"create", create},   {"broken", broken},   {"two", two},
    {"repeat", repeat}, {"hooks", hooks},     {"call", call},       {"cancel", cancel},
    {"newer", newer},   {"threads", threads}, {"shorter", shorter},
};

}  // namespace

VerifyStep find_verify_step(const char* name) {
    for (const NamedStep& step : kSteps)
        if (std::strcmp(step.name, name) == 0) return step.run;
    return nullptr;
}

}  // namespace tenon::plugin_host::verify
