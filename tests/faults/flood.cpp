#include "tests/faults/flood.h"

#include <atomic>
#include <fstream>
#include <iomanip>
#include <ostream>
#include <sys/stat.h>

#include "host/base/ids.h"
#include "host/jobs/record.h"
#include "tests/runs/run_folders.h"

namespace tenon::faults {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ModelServer;
using testing::Step;

constexpr std::uint64_t kLimit = 64U << 20U;          // jobs.outputLimit as it is by default
constexpr std::uint64_t kRoomForRecords = 1U << 20U;  // beside the output: rounded up to blocks
constexpr std::uint64_t kHostMayGrowKib = 8U << 10U;
constexpr std::uint64_t kSupervisorMayHoldKib = 8U << 10U;
constexpr auto kMeasureInterval = 20ms;
constexpr auto kLongestRun = 3600s;

/// "VmRSS" or "VmHWM" of a process; 0: it has ended.
std::uint64_t memory_of(pid_t pid, const std::string& field) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(field + ":")) return std::stoull(line.substr(field.size() + 1));
    }
    return 0;
}

std::uint64_t blocks_of(const fs::path& folder) {
    std::uint64_t bytes = 0;
    std::error_code none;
    for (const auto& entry : fs::recursive_directory_iterator(folder, none)) {
        struct stat info {};
        if (::lstat(entry.path().c_str(), &info) == 0)
            bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
    }
    return bytes;
}

Step say(const char* text) {
    Step step;
    step.stop_reason = "end_turn";
    step.content = {{{"type", "text"}, {"text", text}}};
    return step;
}

Step call(const std::string& command) {
    Step step;
    step.stop_reason = "tool_use";
    step.content = {{{"type", "tool_use"},
                     {"id", "toolu_flood"},
                     {"name", "background_run"},
                     {"input", {{"command", command}}}}};
    return step;
}

/// One run of the program, measured until it ends.
class FloodRun {
public:
    FloodRun(const fs::path& tenon, std::uint64_t bytes)
        : command_("yes 'one line of very many, none of which anybody will ever read' | head -c " +
                   std::to_string(bytes) + "; exit 7"),
          server_(std::vector<Step>(), options()),
          tenon_({tenon.string(), "--yes", "--session", "flood", "-p", "go", "-D",
                  "jobs.outputLimit=" + std::to_string(kLimit)},
                 folders_.environment(&server_), folders_.workspace()) {
        host_ = tenon_.pid();
        result_.bytes = bytes;
        result_.output_limit = kLimit;
    }

    Flood run() {
        const auto begin = std::chrono::steady_clock::now();
        tenon_.close_input();
        while (!tenon_.has_closed_output() &&
               std::chrono::steady_clock::now() - begin < kLongestRun) {
            tenon_.wait_for_more_output(kMeasureInterval);
            measure();
        }
        result_.took = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - begin);
        const auto exit = tenon_.wait();
        result_.host_before_kib = before_;
        result_.host_after_kib = after_;
        result_.host_peak_kib = peak_;
        result_.disk_after_bytes = blocks_of(folders_.state() / "jobs");
        if (exit.code != 0) problem("the host ended with " + std::to_string(exit.code));
        check_record();
        return result_;
    }

private:
    ModelServer::Options options() {
        ModelServer::Options options;
        options.responder = [this](const Json& request) { return answer(request); };
        return options;
    }

    /// On the server's thread.
    Step answer(const Json& request) {
        const int number = ++requests_;
        if (number == 1) return call(command_);
        if (number == 2) {
            before_ = memory_of(host_, "VmRSS");
            return say("waiting");
        }
        after_ = memory_of(host_, "VmRSS");
        peak_ = memory_of(host_, "VmHWM");
        delivered_ = request.dump().find("[exit code: 7]") != std::string::npos;
        return say("done");
    }

    void measure() {
        result_.disk_peak_bytes =
            std::max(result_.disk_peak_bytes, blocks_of(folders_.state() / "jobs"));
        for (const pid_t pid : folders_.processes()) {
            std::error_code gone;
            const auto program = fs::read_symlink("/proc/" + std::to_string(pid) + "/exe", gone);
            if (program.filename() == "tenon-shim")
                result_.supervisor_peak_kib =
                    std::max(result_.supervisor_peak_kib, memory_of(pid, "VmHWM"));
        }
    }

    void check_record() {
        if (!delivered_) problem("its end was not delivered with its exit code");
        for (const auto& entry : fs::directory_iterator(folders_.state() / "jobs")) {
            if (!is_job_id(entry.path().filename().string())) continue;
            const auto text =
                read_whole_file(entry.path() / jobs::kStatusFile, jobs::kMaxRecordBytes);
            const auto end = text ? jobs::decode_end(*text) : Result<jobs::JobEnd>(text.error());
            if (!end) return problem(end.error().message);
            if (end->exit_code != 7) problem("its exit code is not recorded");
            std::uint64_t kept = 0;
            for (const char* file : jobs::kOutputFiles) {
                std::error_code none;
                const auto size = fs::file_size(entry.path() / file, none);
                kept += none ? 0 : size;
            }
            if (end->output_bytes != result_.bytes ||
                end->output_bytes - end->omitted_bytes != kept)
                problem(std::to_string(kept) + " bytes are kept, " +
                        std::to_string(end->omitted_bytes) + " recorded as left out of " +
                        std::to_string(end->output_bytes));
        }
    }

    void problem(const std::string& text) {
        result_.problem += (result_.problem.empty() ? "" : "; ") + text;
    }

    const std::string command_;
    std::atomic<int> requests_ = 0;
    std::atomic<pid_t> host_ = 0;
    std::atomic<std::uint64_t> before_ = 0, after_ = 0, peak_ = 0;
    std::atomic<bool> delivered_ = false;
    Flood result_;
    testing::RunFolders folders_;
    ModelServer server_;
    testing::Process tenon_;
};

double mib(std::uint64_t bytes) {
    return static_cast<double>(bytes) / (1U << 20U);
}

}  // namespace

bool Flood::is_clean() const {
    return problem.empty() && disk_peak_bytes <= output_limit + kRoomForRecords &&
           host_peak_kib <= host_before_kib + kHostMayGrowKib &&
           supervisor_peak_kib <= kSupervisorMayHoldKib;
}

Flood flood(const fs::path& tenon, std::uint64_t bytes) {
    return FloodRun(tenon, bytes).run();
}

void print(std::ostream& out, const Flood& flood) {
    const auto kib = [](std::uint64_t value) { return static_cast<double>(value) / 1024; };
    out << std::fixed << std::setprecision(1) << mib(flood.bytes) << " MiB printed in "
        << static_cast<double>(flood.took.count()) / 1000 << " s\n"
        << "host        " << kib(flood.host_before_kib) << " MiB before, "
        << kib(flood.host_after_kib) << " after, " << kib(flood.host_peak_kib) << " at most\n"
        << "supervisor  " << kib(flood.supervisor_peak_kib) << " MiB at most\n"
        << "disk        " << mib(flood.disk_peak_bytes) << " MiB at most, "
        << mib(flood.disk_after_bytes) << " after, the limit is " << mib(flood.output_limit) << "\n"
        << (flood.problem.empty() ? "" : "wrong: " + flood.problem + "\n");
}

}  // namespace tenon::faults
