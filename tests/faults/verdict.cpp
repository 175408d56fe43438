#include "tests/faults/verdict.h"

#include <iomanip>
#include <ostream>

#include "host/base/ids.h"
#include "host/jobs/record.h"
#include "tests/faults/work.h"

namespace tenon::faults {
namespace {

namespace fs = std::filesystem;

/// A folder of the store, read without the help of the store.
struct Recorded {
    jobs::JobSpec spec;
    std::optional<jobs::JobEnd> end;
    std::string problem;
};

Recorded read_job(const fs::path& folder) {
    Recorded job;
    const auto asked = read_whole_file(folder / jobs::kJobFile, jobs::kMaxRecordBytes);
    const auto spec = asked ? jobs::decode_job(*asked) : Result<jobs::JobRecord>(asked.error());
    if (!spec) {
        job.problem = spec.error().message;
        return job;
    }
    job.spec = spec->spec;
    if (!fs::exists(folder / jobs::kStatusFile)) return job;
    const auto ended = read_whole_file(folder / jobs::kStatusFile, jobs::kMaxRecordBytes);
    const auto end = ended ? jobs::decode_end(*ended) : Result<jobs::JobEnd>(ended.error());
    if (end) {
        job.end = *end;
    } else {
        job.problem = end.error().message;
    }
    return job;
}

/// What a host leaves that is killed while it records a job: nobody has been answered for it.
bool was_never_recorded(const fs::path& folder) {
    for (const char* file : {jobs::kJobFile, jobs::kStartedFile, jobs::kStatusFile}) {
        if (fs::exists(folder / file)) return false;
    }
    return true;
}

std::string describe(const jobs::JobEnd& end) {
    std::string text(jobs::to_string(end.status));
    if (end.exit_code) text += ", exit code " + std::to_string(*end.exit_code);
    if (end.signal) text += ", signal " + std::to_string(*end.signal);
    if (!end.reason.empty()) text += " (" + end.reason + ")";
    return text;
}

class Count {
public:
    explicit Count(Storm& storm) : storm_(storm), told_(storm.model().newest()) {}

    Verdict all() {
        verdict_.supervisors_killed = static_cast<int>(storm_.orphaned().size());
        verdict_.refused = storm_.refusals();
        verdict_.bad_runs = storm_.bad_runs();
        for (const std::string& id : storm_.model().doubled())
            verdict_.doubled.push_back("job " + id + " was told twice in one conversation");
        for (const auto& entry : fs::directory_iterator(storm_.sandbox().state() / "jobs")) {
            const std::string id = entry.path().filename().string();
            if (!is_job_id(id)) continue;
            if (was_never_recorded(entry.path())) {
                ++verdict_.half_made;
            } else {
                count_job(id, read_job(entry.path()));
            }
        }
        count_calls();
        count_numbers();
        count_journal();
        for (const pid_t pid : storm_.survivors())
            verdict_.survivors.push_back("process " + std::to_string(pid));
        return std::move(verdict_);
    }

private:
    [[nodiscard]] bool excused(const std::string& id) const {
        return storm_.orphaned().count(id) > 0;
    }

    void count_job(const std::string& id, const Recorded& job) {
        const auto number = number_of(job.spec.tool_use_id);
        const std::string name =
            "job " + id + (number ? " (number " + std::to_string(*number) + ")" : std::string());
        if (!job.problem.empty()) verdict_.wrong.push_back(name + ": " + job.problem);
        if (!number) return;
        if (!job.end) {
            verdict_.lost.push_back(name + " has no status");
            return;
        }
        if (job.spec.kind == jobs::Kind::kForeground &&
            job.end->status == jobs::Status::kCancelled && job.end->started_ms == 0) {
            return;  // the host was killed before it could start
        }
        (job.spec.kind == jobs::Kind::kForeground ? verdict_.foreground : verdict_.background) += 1;
        jobs_of_[*number].push_back(id);
        count_end(name, id, *number, *job.end);
        count_telling(name, id, *number, job);
    }

    void count_end(const std::string& name, const std::string& id, int number,
                   const jobs::JobEnd& end) {
        if (end.status == jobs::Status::kLost) {
            if (!excused(id)) verdict_.lost.push_back(name + ": " + describe(end));
            lost_.insert(number);
            return;
        }
        const Work work = work_of(number);
        if (end.status != work.status || end.exit_code != work.exit_code ||
            end.signal != work.signal) {
            verdict_.wrong.push_back(name + " is recorded as " + describe(end));
        }
    }

    void count_telling(const std::string& name, const std::string& id, int number,
                       const Recorded& job) {
        std::vector<Told::End> ends;
        for (const auto* told : {&told_.notifications, &told_.waited_for}) {
            const auto [first, last] = told->equal_range(id);
            for (auto it = first; it != last; ++it)
                ends.push_back(it->second);
        }
        const auto call = told_.calls.find(job.spec.tool_use_id);
        const std::string result = call == told_.calls.end() ? "" : call->second.result;
        const bool in_result = work_of(number).foreground && !result.empty() && !goes_on(result) &&
                               !did_nothing(result);
        if (result.empty()) verdict_.missing.push_back(name + ": its call has no result");
        if (ends.size() + (in_result ? 1 : 0) == 0)
            verdict_.missing.push_back(name + " was never told; its call says: " + result);
        if (ends.size() + (in_result ? 1 : 0) > 1)
            verdict_.doubled.push_back(name + " was told in more than one way");
        const bool lost = job.end->status == jobs::Status::kLost;
        for (const Told::End& end : ends) {
            if (end.status != jobs::to_string(job.end->status))
                verdict_.wrong.push_back(name + " was told as " + end.status);
            if (!lost && end.text != printed_by(number))
                verdict_.wrong.push_back(name + " was told with the output: " + end.text);
        }
        if (in_result && !lost && !result.starts_with(printed_by(number)))
            verdict_.wrong.push_back(name + " has the result: " + result);
    }

    void count_calls() {
        for (const auto& [id, call] : told_.calls) {
            if (call.result.empty()) verdict_.missing.push_back("call " + id + " has no result");
        }
    }

    /// Every command has appended its number to a file, whatever became of it.
    void count_numbers() {
        std::map<int, int> ran;
        std::ifstream in(storm_.sandbox().workspace() / "ran");
        for (int number = 0; in >> number;)
            ++ran[number];
        for (int number = 0; number < storm_.options().jobs; ++number) {
            const std::string name = "number " + std::to_string(number);
            const std::size_t recorded = jobs_of_[number].size();
            if (recorded == 0) verdict_.missing.push_back(name + " has no job");
            if (recorded > 1) verdict_.doubled.push_back(name + " has more than one job");
            if (ran[number] > 1)
                verdict_.doubled.push_back(name + " ran " + std::to_string(ran[number]) + " times");
            if (ran[number] == 0 && lost_.count(number) == 0)
                verdict_.missing.push_back(name + " never ran");
        }
    }

    /// Deliveries as the journal has them: each names a record that is there, and no job twice.
    void count_journal() {
        std::ifstream in(storm_.sandbox().state() / "sessions" /
                         (std::string(Storm::kSession) + ".jsonl"));
        std::map<std::int64_t, std::vector<std::string>> announced;
        std::map<std::string, int> delivered;
        std::int64_t last = -1;
        int number = 0;
        for (std::string line; std::getline(in, line);) {
            ++number;
            const std::string name = "journal line " + std::to_string(number);
            const auto record = parse_json(line);
            if (!record) {
                verdict_.wrong.push_back(name + " is damaged");
                continue;
            }
            const std::int64_t seq = integer_or(*record, "seq", -1);
            if (seq <= last) verdict_.wrong.push_back(name + " repeats a sequence number");
            last = seq;
            if (string_or(*record, "type") == "delivery") {
                announced[integer_or(*record, "with", -1)] =
                    (*record)["jobs"].get<std::vector<std::string>>();
            } else if (const auto it = announced.find(seq); it != announced.end()) {
                for (const std::string& job : it->second)
                    ++delivered[job];
            }
        }
        for (const auto& [job, times] : delivered) {
            if (times > 1)
                verdict_.doubled.push_back("the journal delivers job " + job + " more than once");
        }
    }

    Storm& storm_;
    Told told_;
    Verdict verdict_;
    std::map<int, std::vector<std::string>> jobs_of_;
    std::set<int> lost_;
};

void print_list(std::ostream& out, const char* name, const std::vector<std::string>& list) {
    constexpr std::size_t kMost = 12;
    out << std::left << std::setw(12) << name << std::right << std::setw(8) << list.size() << "\n";
    for (std::size_t i = 0; i < std::min(list.size(), kMost); ++i)
        out << "    " << list[i] << "\n";
    if (list.size() > kMost) out << "    … and " << list.size() - kMost << " more\n";
}

}  // namespace

bool Verdict::is_clean() const {
    return lost.empty() && doubled.empty() && missing.empty() && wrong.empty() &&
           survivors.empty() && refused.empty() && bad_runs.empty();
}

Verdict judge(Storm& storm) {
    return Count(storm).all();
}

void print(std::ostream& out, const Verdict& verdict, const Storm& storm,
           std::chrono::milliseconds took) {
    out << verdict.background << " background and " << verdict.foreground << " foreground jobs ("
        << verdict.half_made << " more were never recorded), seed " << storm.options().seed << "; "
        << storm.hosts_killed() << " hosts and " << verdict.supervisors_killed
        << " supervisors killed in " << storm.runs() << " runs with " << storm.model().requests()
        << " requests; " << std::fixed << std::setprecision(1)
        << static_cast<double>(took.count()) / 1000 << " s\n";
    print_list(out, "lost", verdict.lost);
    print_list(out, "doubled", verdict.doubled);
    print_list(out, "missing", verdict.missing);
    print_list(out, "wrong", verdict.wrong);
    print_list(out, "survivors", verdict.survivors);
    print_list(out, "refused", verdict.refused);
    print_list(out, "bad runs", verdict.bad_runs);
}

}  // namespace tenon::faults
