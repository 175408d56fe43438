#include "tests/faults/trial_result.h"

#include <iomanip>
#include <ostream>

#include "host/base/ids.h"
#include "host/jobs/record.h"
#include "tests/faults/trial_job.h"

namespace tenon::faults {
namespace {

namespace fs = std::filesystem;

/// The folder of a job, read without Store.
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

/// Its host was killed while it recorded the job, before it could answer the call.
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

class TrialCounter {
public:
    explicit TrialCounter(Trial& trial)
        : trial_(trial),
          view_(trial.model().newest_view()),
          evidence_(read_evidence(trial.folders().workspace())) {}

    TrialResult all() {
        const Trial::Findings& found = trial_.findings();
        result_.supervisors_killed = static_cast<int>(found.orphaned.size());
        result_.refused = trial_.refusals();
        result_.bad_runs = found.bad_runs;
        result_.hung = found.hung;
        result_.survivors = found.left_running;
        result_.wrong = found.wrong;
        for (const std::string& id : trial_.model().doubled())
            result_.doubled.push_back("job " + id + " was delivered twice in one conversation");
        std::error_code none;
        for (const auto& entry : fs::directory_iterator(trial_.folders().state() / "jobs", none)) {
            const std::string id = entry.path().filename().string();
            if (!is_job_id(id)) continue;
            if (was_never_recorded(entry.path())) {
                ++result_.unrecorded;
            } else {
                count_job(id, read_job(entry.path()));
            }
        }
        count_calls();
        count_numbers();
        count_journal();
        return std::move(result_);
    }

private:
    [[nodiscard]] Trace trace_of(const Attempt& attempt) const {
        const auto it = evidence_.find(attempt);
        return it == evidence_.end() ? Trace{} : it->second;
    }
    [[nodiscard]] TrialJob trial_job(const Attempt& attempt) const {
        return faults::trial_job(attempt, trial_.options().job_options);
    }

    void count_job(const std::string& id, const Recorded& job) {
        const auto attempt = attempt_of(job.spec.command);
        const std::string name =
            "job " + id + (attempt ? " (number " + to_string(*attempt) + ")" : std::string());
        if (!job.problem.empty()) result_.wrong.push_back(name + ": " + job.problem);
        if (!attempt) return;
        if (!job.end) {
            result_.lost.push_back(name + " has no status");
            return;
        }
        const bool foreground = job.spec.kind == jobs::Kind::kForeground;
        if (foreground && job.end->status == jobs::Status::kCancelled && job.end->started_ms == 0) {
            if (trace_of(*attempt).begun > 0)
                result_.wrong.push_back(name + " ran, and is recorded as " +
                                        describe_end(*job.end));
            return;  // the host was killed before it could start
        }
        (foreground ? result_.foreground : result_.background) += 1;
        ++jobs_of_[*attempt];
        count_end(name, id, *attempt, *job.end);
        count_deliveries(name, id, *attempt, job);
    }

    void count_end(const std::string& name, const std::string& id, const Attempt& attempt,
                   const jobs::JobEnd& end) {
        const AllowedFailures& allowed = trial_.allowed_failures();
        const Trace trace = trace_of(attempt);
        const TrialJob job = trial_job(attempt);
        if (end.status == jobs::Status::kLost) {
            if (trial_.findings().orphaned.count(id) == 0)
                result_.lost.push_back(name + ": " + describe_end(end));
            why_not_ended_[attempt] = "lost";
        } else if (end.status == jobs::Status::kCancelled && allowed.cancelled) {
            ++result_.cancelled;
            why_not_ended_[attempt] = "cancelled";
        } else if (end.status == jobs::Status::kError && trace.begun == 0 && !end.reason.empty()) {
            ++result_.not_started;
            if (!allowed.not_started || end.reason.find(allowed.reason) == std::string::npos)
                result_.wrong.push_back(name + " was not started: " + end.reason);
            why_not_ended_[attempt] = end.reason;
        } else if (end.status != job.status || end.exit_code != job.exit_code ||
                   end.signal != job.signal || end.exit_code != trace.exit_code) {
            result_.wrong.push_back(name + " is recorded as " + describe_end(end) + "; it " +
                                    what_happened(trace));
        }
    }

    static std::string what_happened(const Trace& trace) {
        if (trace.begun == 0) return "never ran";
        return trace.exit_code ? "wrote exit code " + std::to_string(*trace.exit_code)
                               : "wrote no exit code";
    }

    void count_deliveries(const std::string& name, const std::string& id, const Attempt& attempt,
                          const Recorded& job) {
        std::vector<ModelView::End> ends;
        for (const auto* delivered : {&view_.notifications, &view_.wait_results}) {
            const auto [first, last] = delivered->equal_range(id);
            for (auto it = first; it != last; ++it)
                ends.push_back(it->second);
        }
        for (const ModelView::End& end : ends) {
            if (end.status != jobs::to_string(job.end->status))
                result_.wrong.push_back(name + " was delivered as " + end.status);
            check_output(name, attempt, end.text);
        }
        std::size_t calls = 0, results = 0;
        std::string says;
        for (const auto& [call_id, call] : view_.calls) {
            if (call.attempt != attempt) continue;
            ++calls;
            says = call.result;
            if (!trial_job(attempt).foreground || call.result.empty() ||
                continues_as_job(call.result) || did_nothing(call.result))
                continue;
            ++results;
            check_output(name, attempt, call.result);
        }
        if (calls == 0) result_.missing.push_back(name + ": its call is not in the conversation");
        if (ends.size() + results == 0)
            result_.missing.push_back(name + " ended as " + describe_end(*job.end) +
                                      " and was never delivered; its call says: " + says);
        if (ends.size() + results > 1)
            result_.doubled.push_back(name + " was delivered in more than one way");
    }

    /// The output of a job that ran begins with its number, unless the report says that output is
    /// missing. Other reports say why the job did not run or end.
    void check_output(const std::string& name, const Attempt& attempt, const std::string& report) {
        if (report.starts_with(printed_by(attempt.number))) return;
        const auto why = why_not_ended_.find(attempt);
        if (why != why_not_ended_.end() && (report.find(why->second) != std::string::npos ||
                                            report.find("[interrupted]") != std::string::npos))
            return;
        if (why == why_not_ended_.end() && trial_.allowed_failures().output_missing &&
            says_that_output_is_missing(report))
            return;
        result_.wrong.push_back(name + " was delivered with the output: " + report.substr(0, 300));
    }

    /// Each call has a result. Where the result says that nothing happened, nothing has run.
    void count_calls() {
        for (const auto& [id, call] : view_.calls) {
            if (call.result.empty()) result_.missing.push_back("call " + id + " has no result");
            if (!call.attempt) continue;
            const bool ran = trace_of(*call.attempt).begun > 0;
            const bool background = !trial_job(*call.attempt).foreground;
            if (ran && (did_nothing(call.result) || (background && !started_a_job(call.result))))
                result_.wrong.push_back("number " + to_string(*call.attempt) +
                                        " ran, and its call says: " + call.result.substr(0, 300));
        }
    }

    /// Each number has one job, and its command has run once at most.
    void count_numbers() {
        std::map<int, int> ran, jobs;
        for (const auto& [attempt, trace] : evidence_)
            ran[attempt.number] += trace.begun;
        for (const auto& [attempt, count] : jobs_of_) {
            const std::string name = "number " + to_string(attempt);
            jobs[attempt.number] += count;
            if (count > 1) result_.doubled.push_back(name + " has more than one job");
            if (trace_of(attempt).begun == 0 && why_not_ended_.count(attempt) == 0)
                result_.missing.push_back(name + " never ran");
        }
        for (int number = 0; number < trial_.options().jobs; ++number) {
            const std::string name = "number " + std::to_string(number);
            if (jobs[number] == 0) result_.missing.push_back(name + " has no job");
            if (ran[number] > 1)
                result_.doubled.push_back(name + " ran " + std::to_string(ran[number]) + " times");
        }
    }

    /// No job is in two deliveries of the journal whose record is there.
    void count_journal() {
        std::ifstream in(trial_.folders().state() / "sessions" /
                         (std::string(Trial::kSession) + ".jsonl"));
        std::map<std::int64_t, std::vector<std::string>> pending;
        std::map<std::string, int> delivered;
        std::int64_t last = -1;
        int number = 0;
        for (std::string line; std::getline(in, line);) {
            ++number;
            const std::string name = "journal line " + std::to_string(number);
            const auto record = parse_json(line);
            if (!record) {
                result_.wrong.push_back(name + " is damaged");
                continue;
            }
            const std::int64_t seq = integer_or(*record, "seq", -1);
            if (seq <= last) result_.wrong.push_back(name + " repeats a sequence number");
            last = seq;
            if (string_or(*record, "type") == "delivery") {
                pending[integer_or(*record, "with", -1)] =
                    (*record)["jobs"].get<std::vector<std::string>>();
            } else if (const auto it = pending.find(seq); it != pending.end()) {
                for (const std::string& job : it->second)
                    ++delivered[job];
            }
        }
        for (const auto& [job, times] : delivered) {
            if (times > 1)
                result_.doubled.push_back("the journal delivers job " + job + " more than once");
        }
    }

    Trial& trial_;
    const ModelView view_;
    const Evidence evidence_;
    TrialResult result_;
    std::map<Attempt, int> jobs_of_;
    std::map<Attempt, std::string> why_not_ended_;  // or not begun
};

void print_list(std::ostream& out, const char* name, const std::vector<std::string>& list) {
    constexpr std::size_t kMost = 200;
    out << std::left << std::setw(12) << name << std::right << std::setw(8) << list.size() << "\n";
    for (std::size_t i = 0; i < std::min(list.size(), kMost); ++i)
        out << "    " << list[i] << "\n";
    if (list.size() > kMost) out << "    … and " << list.size() - kMost << " more\n";
}

}  // namespace

bool TrialResult::is_clean() const {
    return lost.empty() && doubled.empty() && missing.empty() && wrong.empty() &&
           survivors.empty() && hung.empty() && refused.empty() && bad_runs.empty();
}

TrialResult judge(Trial& trial) {
    return TrialCounter(trial).all();
}

void print(std::ostream& out, const TrialResult& result, Trial& trial) {
    const Trial::Findings& found = trial.findings();
    out << result.background << " background and " << result.foreground << " foreground jobs ("
        << result.unrecorded << " more were never recorded), of them " << result.not_started
        << " not started and " << result.cancelled << " cancelled; " << result.supervisors_killed
        << " supervisors and " << found.launchers_killed << " launchers killed; " << found.runs
        << " runs, " << found.failed_runs << " of them failed for lack of something; "
        << trial.model().requests() << " requests\n";
    print_list(out, "lost", result.lost);
    print_list(out, "doubled", result.doubled);
    print_list(out, "missing", result.missing);
    print_list(out, "wrong", result.wrong);
    print_list(out, "survivors", result.survivors);
    print_list(out, "hung", result.hung);
    print_list(out, "refused", result.refused);
    print_list(out, "bad runs", result.bad_runs);
}

}  // namespace tenon::faults
