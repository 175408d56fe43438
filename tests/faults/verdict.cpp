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

std::string describe_end(const jobs::JobEnd& end) {
    std::string text(jobs::to_string(end.status));
    if (end.exit_code) text += ", exit code " + std::to_string(*end.exit_code);
    if (end.signal) text += ", signal " + std::to_string(*end.signal);
    if (!end.reason.empty()) text += " (" + end.reason + ")";
    return text;
}

/// Whether a report says why there is no output, or not all of it.
bool says_that_output_is_missing(const std::string& report) {
    return report.find(" omitted]") != std::string::npos ||
           report.find("output not kept") != std::string::npos ||
           report.find("No space left on device") != std::string::npos;
}

class Count {
public:
    explicit Count(Trial& trial)
        : trial_(trial),
          told_(trial.model().newest()),
          evidence_(read_evidence(trial.sandbox().workspace())) {}

    Verdict all() {
        const Trial::Findings& found = trial_.findings();
        verdict_.supervisors_killed = static_cast<int>(found.orphaned.size());
        verdict_.refused = trial_.refusals();
        verdict_.bad_runs = found.bad_runs;
        verdict_.hung = found.hung;
        verdict_.survivors = found.left_running;
        verdict_.wrong = found.wrong;
        for (const std::string& id : trial_.model().doubled())
            verdict_.doubled.push_back("job " + id + " was told twice in one conversation");
        std::error_code none;
        for (const auto& entry : fs::directory_iterator(trial_.sandbox().state() / "jobs", none)) {
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
        return std::move(verdict_);
    }

private:
    [[nodiscard]] Trace trace_of(const Attempt& attempt) const {
        const auto it = evidence_.find(attempt);
        return it == evidence_.end() ? Trace{} : it->second;
    }
    [[nodiscard]] Work work_of(const Attempt& attempt) const {
        return faults::work_of(attempt, trial_.options().demand);
    }

    void count_job(const std::string& id, const Recorded& job) {
        const auto attempt = attempt_of(job.spec.command);
        const std::string name =
            "job " + id + (attempt ? " (number " + to_string(*attempt) + ")" : std::string());
        if (!job.problem.empty()) verdict_.wrong.push_back(name + ": " + job.problem);
        if (!attempt) return;
        if (!job.end) {
            verdict_.lost.push_back(name + " has no status");
            return;
        }
        const bool foreground = job.spec.kind == jobs::Kind::kForeground;
        if (foreground && job.end->status == jobs::Status::kCancelled && job.end->started_ms == 0) {
            if (trace_of(*attempt).begun > 0)
                verdict_.wrong.push_back(name + " ran, and is recorded as " +
                                         describe_end(*job.end));
            return;  // the host was killed before it could start
        }
        (foreground ? verdict_.foreground : verdict_.background) += 1;
        ++jobs_of_[*attempt];
        count_end(name, id, *attempt, *job.end);
        count_telling(name, id, *attempt, job);
    }

    void count_end(const std::string& name, const std::string& id, const Attempt& attempt,
                   const jobs::JobEnd& end) {
        const Excuses& excuses = trial_.excuses();
        const Trace trace = trace_of(attempt);
        const Work work = work_of(attempt);
        if (end.status == jobs::Status::kLost) {
            if (trial_.findings().orphaned.count(id) == 0)
                verdict_.lost.push_back(name + ": " + describe_end(end));
            did_not_end_[attempt] = "lost";
        } else if (end.status == jobs::Status::kCancelled && excuses.cancelled) {
            ++verdict_.cancelled;
            did_not_end_[attempt] = "cancelled";
        } else if (end.status == jobs::Status::kError && trace.begun == 0 && !end.reason.empty()) {
            ++verdict_.not_started;
            if (!excuses.not_started || end.reason.find(excuses.because) == std::string::npos)
                verdict_.wrong.push_back(name + " was not started: " + end.reason);
            did_not_end_[attempt] = end.reason;
        } else if (end.status != work.status || end.exit_code != work.exit_code ||
                   end.signal != work.signal || end.exit_code != trace.exit_code) {
            verdict_.wrong.push_back(name + " is recorded as " + describe_end(end) + "; it " +
                                     what_happened(trace));
        }
    }

    static std::string what_happened(const Trace& trace) {
        if (trace.begun == 0) return "never ran";
        return trace.exit_code ? "wrote exit code " + std::to_string(*trace.exit_code)
                               : "wrote no exit code";
    }

    void count_telling(const std::string& name, const std::string& id, const Attempt& attempt,
                       const Recorded& job) {
        std::vector<Told::End> ends;
        for (const auto* told : {&told_.notifications, &told_.waited_for}) {
            const auto [first, last] = told->equal_range(id);
            for (auto it = first; it != last; ++it)
                ends.push_back(it->second);
        }
        for (const Told::End& end : ends) {
            if (end.status != jobs::to_string(job.end->status))
                verdict_.wrong.push_back(name + " was told as " + end.status);
            check_output(name, attempt, end.text);
        }
        std::size_t calls = 0, results = 0;
        std::string says;
        for (const auto& [call_id, call] : told_.calls) {
            if (call.attempt != attempt) continue;
            ++calls;
            says = call.result;
            if (!work_of(attempt).foreground || call.result.empty() || goes_on(call.result) ||
                did_nothing(call.result))
                continue;
            ++results;
            check_output(name, attempt, call.result);
        }
        if (calls == 0) verdict_.missing.push_back(name + ": its call is not in the conversation");
        if (ends.size() + results == 0)
            verdict_.missing.push_back(name + " ended as " + describe_end(*job.end) +
                                       " and was never told; its call says: " + says);
        if (ends.size() + results > 1)
            verdict_.doubled.push_back(name + " was told in more than one way");
    }

    /// What ran says first who it is, unless the report says that output is missing. Of others the
    /// report says why there is nothing to say.
    void check_output(const std::string& name, const Attempt& attempt, const std::string& report) {
        if (report.starts_with(printed_by(attempt.number))) return;
        const auto why = did_not_end_.find(attempt);
        if (why != did_not_end_.end() && (report.find(why->second) != std::string::npos ||
                                          report.find("[interrupted]") != std::string::npos))
            return;
        if (why == did_not_end_.end() && trial_.excuses().output_missing &&
            says_that_output_is_missing(report))
            return;
        verdict_.wrong.push_back(name + " was told with the output: " + report.substr(0, 300));
    }

    /// Each has a result, and one that says that nothing happened is true.
    void count_calls() {
        for (const auto& [id, call] : told_.calls) {
            if (call.result.empty()) verdict_.missing.push_back("call " + id + " has no result");
            if (!call.attempt) continue;
            const bool ran = trace_of(*call.attempt).begun > 0;
            const bool background = !work_of(*call.attempt).foreground;
            if (ran && (did_nothing(call.result) || (background && !was_accepted(call.result))))
                verdict_.wrong.push_back("number " + to_string(*call.attempt) +
                                         " ran, and its call says: " + call.result.substr(0, 300));
        }
    }

    /// Each number has one job that stands for it, and one command at most has run.
    void count_numbers() {
        std::map<int, int> ran, jobs;
        for (const auto& [attempt, trace] : evidence_)
            ran[attempt.number] += trace.begun;
        for (const auto& [attempt, count] : jobs_of_) {
            const std::string name = "number " + to_string(attempt);
            jobs[attempt.number] += count;
            if (count > 1) verdict_.doubled.push_back(name + " has more than one job");
            if (trace_of(attempt).begun == 0 && did_not_end_.count(attempt) == 0)
                verdict_.missing.push_back(name + " never ran");
        }
        for (int number = 0; number < trial_.options().jobs; ++number) {
            const std::string name = "number " + std::to_string(number);
            if (jobs[number] == 0) verdict_.missing.push_back(name + " has no job");
            if (ran[number] > 1)
                verdict_.doubled.push_back(name + " ran " + std::to_string(ran[number]) + " times");
        }
    }

    /// Deliveries as the journal has them: each names a record that is there, and no job twice.
    void count_journal() {
        std::ifstream in(trial_.sandbox().state() / "sessions" /
                         (std::string(Trial::kSession) + ".jsonl"));
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

    Trial& trial_;
    const Told told_;
    const Evidence evidence_;
    Verdict verdict_;
    std::map<Attempt, int> jobs_of_;
    std::map<Attempt, std::string> did_not_end_;  // by itself, or did not begin: and why
};

void print_list(std::ostream& out, const char* name, const std::vector<std::string>& list) {
    constexpr std::size_t kMost = 200;
    out << std::left << std::setw(12) << name << std::right << std::setw(8) << list.size() << "\n";
    for (std::size_t i = 0; i < std::min(list.size(), kMost); ++i)
        out << "    " << list[i] << "\n";
    if (list.size() > kMost) out << "    … and " << list.size() - kMost << " more\n";
}

}  // namespace

bool Verdict::is_clean() const {
    return lost.empty() && doubled.empty() && missing.empty() && wrong.empty() &&
           survivors.empty() && hung.empty() && refused.empty() && bad_runs.empty();
}

Verdict judge(Trial& trial) {
    return Count(trial).all();
}

void print(std::ostream& out, const Verdict& verdict, Trial& trial) {
    const Trial::Findings& found = trial.findings();
    out << verdict.background << " background and " << verdict.foreground << " foreground jobs ("
        << verdict.half_made << " more were never recorded), of them " << verdict.not_started
        << " not started and " << verdict.cancelled << " cancelled; " << verdict.supervisors_killed
        << " supervisors and " << found.launchers_killed << " launchers killed; " << found.runs
        << " runs, " << found.failed_runs << " of them failed for lack of something; "
        << trial.model().requests() << " requests\n";
    print_list(out, "lost", verdict.lost);
    print_list(out, "doubled", verdict.doubled);
    print_list(out, "missing", verdict.missing);
    print_list(out, "wrong", verdict.wrong);
    print_list(out, "survivors", verdict.survivors);
    print_list(out, "hung", verdict.hung);
    print_list(out, "refused", verdict.refused);
    print_list(out, "bad runs", verdict.bad_runs);
}

}  // namespace tenon::faults
