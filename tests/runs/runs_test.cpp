#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <tuple>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/run_folders.h"

/// Runs the folders beside this file. README.md describes their format.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kRuns = TENON_RUNS_DIR;

std::string read_file(const fs::path& path) {
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
    for (auto at = text.find(what); at != std::string::npos;
         at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
}

/// Whether `line` has every member of `wanted`. A string "~text" must be contained.
bool matches(const Json& line, const Json& wanted) {
    if (wanted.is_string() && wanted.get<std::string>().starts_with("~")) {
        const std::string text = line.is_string() ? line.get<std::string>() : line.dump();
        return text.find(wanted.get<std::string>().substr(1)) != std::string::npos;
    }
    if (wanted.is_object()) {
        if (!line.is_object()) return false;
        for (const auto& [key, value] : wanted.items()) {
            if (!line.contains(key) || !matches(line[key], value)) return false;
        }
        return true;
    }
    if (wanted.is_array()) {
        if (!line.is_array() || line.size() != wanted.size()) return false;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (!matches(line[i], wanted[i])) return false;
        }
        return true;
    }
    return line == wanted;
}

std::vector<std::string> texts(const Json& object, const char* key) {
    if (!object.contains(key)) return {};
    if (object[key].is_string()) return {object[key].get<std::string>()};
    return object[key].get<std::vector<std::string>>();
}

/// A folder, and the wire format in which the model is asked.
struct Run {
    std::string folder;
    std::string format;
};

std::ostream& operator<<(std::ostream& out, const Run& run) {
    return out << run.folder << " with " << run.format;
}

class Playback {
public:
    explicit Playback(const Run& run)
        : folder_(kRuns / run.folder),
          format_(run.format),
          script_(Json::parse(read_file(folder_ / "run.json"))) {
        const fs::path& folder = folder_;
        if (fs::exists(folder / "workspace"))
            fs::copy(folder / "workspace", home_ / "w", fs::copy_options::recursive);
        write_settings();
        if (!script_.contains("server")) return;
        ModelServer::Options options;
        // So that reasoning comes back in every format.
        options.strict.reasoning_details = true;
        server_ = std::make_unique<ModelServer>(expand(script_["server"].dump()), options);
    }

    void play() {
        for (const Json& step : script_["steps"]) {
            SCOPED_TRACE("step with " + step["args"].dump());
            play_step(step);
        }
        if (script_.contains("files")) check_files(script_["files"]);
        if (server_) check_requests();
        EXPECT_EQ(folders_.processes(), std::vector<pid_t>());
        for (const auto& entry : fs::recursive_directory_iterator(home_.path())) {
            EXPECT_NE(entry.path().extension(), ".tmp") << "half written: " << entry.path();
        }
    }

private:
    void write_settings() {
        std::string settings;
        if (format_ != "anthropic") settings = "model.provider=" + format_ + "\n";
        if (script_.contains("settings")) settings += script_["settings"].get<std::string>();
        if (settings.empty()) return;
        home_.write(".config/tenon/tenon.properties", expand(settings));
        // Some steps have another home, which must not change with the format.
        const std::string other = "w/home";
        if (fs::exists(home_ / other))
            home_.write(other + "/.config/tenon/tenon.properties", expand(settings));
    }

    std::string expand(std::string text) const {
        replace_all(text, "{{dir}}", folder_.string());
        replace_all(text, "{{workspace}}", (home_ / "w").string());
        replace_all(text, "{{state}}", (home_ / "state").string());
        replace_all(text, "{{home}}", home_.path().string());
        replace_all(text, "{{tenon}}", TENON_PROGRAM);
        replace_all(text, "{{plugins}}", TENON_RUN_PLUGINS);
        replace_all(text, "{{vendor}}", format_ == "anthropic" ? "ANTHROPIC" : "OPENAI");
        return text;
    }

    Environment environment(const Json& step) const {
        Environment variables = folders_.environment(server_.get(), format_);
        if (step.contains("env")) {
            for (const auto& [key, value] : step["env"].items()) {
                const std::string name = expand(key);
                if (value.is_null()) {
                    variables.erase(name);
                } else {
                    variables[name] = expand(value.get<std::string>());
                }
            }
        }
        return variables;
    }

    void play_step(const Json& step) {
        std::vector<std::string> command = {TENON_PROGRAM};
        for (const Json& arg : step["args"])
            command.push_back(expand(arg.get<std::string>()));
        Process tenon(command, environment(step), home_ / "w");
        if (step.contains("stdin")) tenon.write(step["stdin"].get<std::string>());
        const Process::Exit exit = tenon.wait();
        SCOPED_TRACE("it printed:\n" + tenon.output + "\nand:\n" + tenon.errors);
        EXPECT_EQ(exit.code, step.value("exit", 0));
        EXPECT_EQ(exit.signal, 0);
        if (step.contains("stdout"))
            EXPECT_EQ(tenon.output, expand(step["stdout"].get<std::string>()));
        for (const auto& text : texts(step, "stdout_has"))
            EXPECT_NE(tenon.output.find(expand(text)), std::string::npos) << text;
        for (const auto& text : texts(step, "stdout_lacks"))
            EXPECT_EQ(tenon.output.find(expand(text)), std::string::npos) << text;
        for (const auto& text : texts(step, "stderr_has"))
            EXPECT_NE(tenon.errors.find(expand(text)), std::string::npos) << text;
        for (const auto& text : texts(step, "stderr_lacks"))
            EXPECT_EQ(tenon.errors.find(expand(text)), std::string::npos) << text;
        if (step.contains("events") || step.contains("result")) check_lines(step, tenon.output);
    }

    static void check_lines(const Json& step, const std::string& output) {
        std::vector<Json> lines;
        std::istringstream in(output);
        for (std::string line; std::getline(in, line);) {
            lines.push_back(Json::parse(line, nullptr, false));
            EXPECT_TRUE(lines.back().is_object()) << line;
        }
        ASSERT_FALSE(lines.empty());
        if (step.contains("result")) {
            EXPECT_EQ(lines.back().value("type", ""), "result");
            EXPECT_TRUE(matches(lines.back(), step["result"]))
                << lines.back().dump() << "\nhas not " << step["result"].dump();
        }
        std::size_t at = 0;
        for (const Json& wanted : step.value("events", Json::array())) {
            while (at < lines.size() && !matches(lines[at], wanted))
                ++at;
            EXPECT_LT(at, lines.size()) << "no event (left) that matches " << wanted.dump();
            ++at;
        }
    }

    void check_files(const Json& files) const {
        for (const auto& [name, wanted] : files.items()) {
            SCOPED_TRACE(name);
            const fs::path path = expand(name);
            const fs::path file = path.is_absolute() ? path : home_ / "w" / path;
            if (wanted.is_null()) {
                EXPECT_FALSE(fs::exists(file));
            } else if (wanted.is_string()) {
                EXPECT_EQ(read_file(file), wanted.get<std::string>());
            } else {
                for (const auto& text : texts(wanted, "has"))
                    EXPECT_NE(read_file(file).find(expand(text)), std::string::npos)
                        << read_file(file);
            }
        }
    }

    void check_requests() const {
        const auto refused = [](const Received& request) { return !request.refusal.empty(); };
        auto requests = server_->requests();
        const Json permitted = script_.value("refusals", Json::object());
        const auto count = std::count_if(requests.begin(), requests.end(), refused);
        EXPECT_EQ(count, permitted.value(format_, 0)) << refusals_in(requests);
        EXPECT_EQ(server_->refusals(), count);
        std::erase_if(requests, refused);
        if (script_.contains("requests"))
            EXPECT_EQ(requests.size(), script_["requests"].get<std::size_t>());
        const struct {
            const char* key;
            bool wanted;
            std::string Received::*body;
        } rules[] = {{"requests_have", true, &Received::body},
                     {"requests_lack", false, &Received::body},
                     {"sent_lack", false, &Received::sent}};
        for (const auto& [key, wanted, body] : rules) {
            const Json texts = script_.value(key, Json::array());
            for (std::size_t i = 0; i < texts.size(); ++i) {
                SCOPED_TRACE("request " + std::to_string(i + 1));
                ASSERT_LT(i, requests.size());
                for (const Json& text : texts[i]) {
                    const std::string& where = requests[i].*body;
                    const auto at = where.find(expand(text.get<std::string>()));
                    EXPECT_EQ(at != std::string::npos, wanted)
                        << text << (wanted ? "\nis not in " : "\nis in ") << where;
                }
            }
        }
    }

    static std::string refusals_in(const std::vector<Received>& requests) {
        std::string all;
        for (const Received& request : requests)
            if (!request.refusal.empty()) all += request.refusal + "\n" + request.body + "\n";
        return all;
    }

    fs::path folder_;
    std::string format_;
    Json script_;
    RunFolders folders_;
    const TempDir& home_ = folders_.home;
    std::unique_ptr<ModelServer> server_;
};

/// A folder without a model server runs once.
std::vector<std::string> formats_of(const fs::path& folder) {
    const Json script = Json::parse(read_file(folder / "run.json"));
    if (!script.contains("server")) return {"anthropic"};
    std::vector<std::string> formats = texts(script, "formats");
    if (formats.empty()) formats = {"anthropic", "openai", "openai-responses"};
    return formats;
}

std::vector<Run> runs() {
    std::vector<Run> found;
    for (const auto& entry : fs::directory_iterator(kRuns)) {
        if (!fs::exists(entry.path() / "run.json")) continue;
        for (const auto& format : formats_of(entry.path())) {
            found.push_back({entry.path().filename().string(), format});
        }
    }
    std::sort(found.begin(), found.end(), [](const Run& a, const Run& b) {
        return std::tie(a.folder, a.format) < std::tie(b.folder, b.format);
    });
    return found;
}

std::string title_of_run(const Run& run) {
    if (run.format == "anthropic") return run.folder;
    return run.folder + (run.format == "openai" ? "_in_chat" : "_in_responses");
}

class Runs : public ::testing::TestWithParam<Run> {};

TEST_P(Runs, DoWhatTheirFolderSays) {
    Playback(GetParam()).play();
}

INSTANTIATE_TEST_SUITE_P(All, Runs, ::testing::ValuesIn(runs()),
                         [](const auto& run) { return title_of_run(run.param); });

}  // namespace
}  // namespace tenon::testing
