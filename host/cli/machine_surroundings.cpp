#include "host/cli/machine_surroundings.h"

#include <algorithm>
#include <fstream>

#include "host/base/atomic_file.h"
#include "host/base/ids.h"
#include "host/base/json.h"
#include "host/base/secrets.h"
#include "host/base/tilde.h"
#include "host/base/untrusted.h"
#include "host/config/key_texts.h"
#include "host/config/state_dir.h"
#include "host/jobs/record.h"
#include "host/jobs/store.h"
#include "host/journal/session_list.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostOffered = 100;
constexpr std::uintmax_t kMostOfAJournal = 256U << 10U;  // of a longer one, no prompt is shown

/// Names in a folder that begin so, without the ending, the newest first.
std::vector<std::string> newest_names(const fs::path& folder, std::string_view begin,
                                      std::string_view ending) {
    std::vector<std::pair<fs::file_time_type, std::string>> found;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
        std::string name = at->path().filename().string();
        if (!name.starts_with(begin) || !name.ends_with(ending)) continue;
        name.resize(name.size() - ending.size());
        std::error_code unknown;
        found.emplace_back(at->last_write_time(unknown), std::move(name));
    }
    std::sort(found.begin(), found.end(), std::greater<>());
    std::vector<std::string> names;
    for (auto& [time, name] : found)
        names.push_back(std::move(name));
    return names;
}

/// A job as its files say. Unlike the store's own `load`, this records nothing about a job whose
/// supervisor was killed: it is shown as running.
std::optional<jobs::JobRecord> recorded_job(const jobs::Store& store, const jobs::JobId& id) {
    const auto read = [&](const char* name) {
        return read_whole_file(store.folder_of(id) / name, jobs::kMaxRecordBytes);
    };
    const auto text = read(jobs::kJobFile);
    if (!text) return std::nullopt;
    auto job = jobs::decode_job(*text);
    if (!job || job->spec.kind != jobs::JobKind::kBackground) return std::nullopt;
    job->status = store.has_begun(id) ? jobs::Status::kRunning : jobs::Status::kQueued;
    if (!store.has_ended(id)) return *job;
    const auto ended = read(jobs::kStatusFile);
    const auto end = ended ? jobs::decode_end(*ended) : Result<jobs::JobEnd>(ended.error());
    if (!end) return std::nullopt;
    job->end = *end;
    job->status = end->status;
    return *job;
}

/// The names of the properties of a plugin's configuration.
std::vector<std::string> own_keys(const SurveyedPlugin& plugin) {
    std::vector<std::string> names;
    const auto schema = parse_json(plugin.config_schema);
    if (!schema) return names;
    const Json& properties = member(*schema, "properties");
    if (!properties.is_object()) return names;
    for (const auto& item : properties.items())
        names.push_back(item.key());
    return names;
}

}  // namespace

const config::Configuration& MachineSurroundings::configuration() {
    if (!configuration_)
        configuration_ = config::examine(sources_, overrides_of(options_from(given_)));
    return *configuration_;
}

const std::vector<SurveyedPlugin>& MachineSurroundings::survey() {
    if (!survey_) survey_ = survey_without_loading(configuration().settings);
    return *survey_;
}

fs::path MachineSurroundings::state_folder(const char* name) {
    const fs::path& state = configuration().settings.state_dir;
    if (state.empty() || !config::check_state_dir(state)) return {};
    return state / name;
}

std::string MachineSurroundings::described(const std::string& text) {
    Secrets secrets;
    configuration().credentials.add_to(secrets);
    return first_line(secrets.redact(text));
}

std::vector<Candidate> MachineSurroundings::jobs(std::string_view begin, bool unended) {
    const auto store = jobs::Store::open_existing(state_folder("jobs"));
    std::vector<Candidate> out;
    if (!store || store->folder().empty()) return out;
    for (const std::string& id : newest_names(store->folder(), begin, "")) {
        if (out.size() == kMostOffered) break;
        if (!is_job_id(id) || (unended && store->has_ended(id))) continue;
        const auto job = recorded_job(*store, id);
        if (!job) continue;
        const std::string& what = job->spec.name.empty() ? job->spec.command : job->spec.name;
        out.push_back({id, described(jobs::how_it_ended(*job) + ": " + what)});
    }
    return out;
}

std::vector<Candidate> MachineSurroundings::sessions(std::string_view begin, bool of_workspace) {
    const fs::path folder = state_folder("sessions");
    const fs::path& workspace = configuration().settings.workspace;
    std::vector<Candidate> out;
    if (folder.empty() || (of_workspace && workspace.empty())) return out;
    constexpr std::string_view kEnding = ".jsonl";
    for (const std::string& id : newest_names(folder, begin, kEnding)) {
        if (out.size() == kMostOffered) break;
        const fs::path journal = folder / (id + std::string(kEnding));
        if (!is_session_id(id)) continue;
        const auto belongs_to = journal::workspace_of_session(journal);
        if (!belongs_to || (of_workspace && *belongs_to != workspace)) continue;
        std::error_code failed;
        Candidate candidate{id, {}};
        if (fs::file_size(journal, failed) <= kMostOfAJournal) {
            if (const auto session = journal::summarise_session(folder, id))
                candidate.description = described(session->first_prompt);
        }
        out.push_back(std::move(candidate));
    }
    return out;
}

/// Those of the plugins that came with this program are in a file that its build has written.
std::vector<Candidate> MachineSurroundings::tools() {
    std::vector<Candidate> out;
    std::ifstream in(sources_.prefix / kToolList);
    for (std::string line; std::getline(in, line);) {
        const auto tab = std::min(line.find('\t'), line.size());
        out.push_back({line.substr(0, tab), line.substr(std::min(tab + 1, line.size()))});
    }
    for (const SurveyedPlugin& plugin : survey()) {
        if (!plugin.problem.empty()) continue;
        for (const SurveyedTool& tool : plugin.tools)
            out.push_back({tool.name, described(tool.spec.description)});
    }
    return out;
}

std::vector<Candidate> MachineSurroundings::plugins() {
    std::vector<Candidate> out;
    for (const SurveyedPlugin& plugin : survey())
        if (!plugin.id.empty()) out.push_back({plugin.id, visible(plugin.file.string())});
    return out;
}

std::vector<Candidate> MachineSurroundings::keys_of_plugins() {
    std::vector<Candidate> out;
    const auto add = [&](const std::string& id, std::string_view name, std::string_view meaning) {
        out.push_back({"plugins." + id + "." + std::string(name) + "=",
                       std::string(config::first_sentence(meaning))});
    };
    for (const SurveyedPlugin& plugin : survey()) {
        if (plugin.id.empty()) continue;
        for (const config::KeySpec& key : config::plugin_setting_keys())
            if (!plugin.directory || key.key == "enabled") add(plugin.id, key.key, key.meaning);
        for (const std::string& name : own_keys(plugin))
            add(plugin.id, name, "a key of the plugin itself");
    }
    return out;
}

std::vector<Candidate> MachineSurroundings::plugin_files(std::string_view begin) {
    const auto slash = begin.rfind('/');
    const std::string shown(begin.substr(0, slash == std::string_view::npos ? 0 : slash + 1));
    const fs::path folder =
        shown.empty() ? fs::path(".") : expanded(shown, configuration().settings.home);
    const std::string_view name_begin = begin.substr(shown.size());
    std::vector<Candidate> out;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
        const std::string name = at->path().filename().string();
        if (!name.starts_with(name_begin)) continue;
        if (name.starts_with('.') && name_begin.empty()) continue;
        std::error_code unknown;
        if (at->is_directory(unknown)) {
            out.push_back({shown + name + "/", ""});
        } else if (name.ends_with(".so")) {
            out.push_back({shown + name, ""});
        }
    }
    return out;
}

}  // namespace tenon::cli
