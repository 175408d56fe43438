#include "host/permission/gate.h"

#include <algorithm>
#include <array>

#include "host/base/tilde.h"
#include "host/permission/builtin_list.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, Mode>, 5> kModes = {{
    {"ask", Mode::kAsk},
    {"acceptEdits", Mode::kAcceptEdits},
    {"plan", Mode::kPlan},
    {"dontAsk", Mode::kDontAsk},
    {"bypassPermissions", Mode::kBypassPermissions},
}};

/// First-party tools that need no question although they are not read-only.
constexpr std::array<std::string_view, 6> kUnquestioned = {
    "todo", "compact", "task_create", "task_update", "agent", "background_cancel"};
/// Of these, the ones that plan mode has no quarrel with: they change nothing outside the
/// conversation, and a subagent's own calls are judged in their turn.
constexpr std::array<std::string_view, 3> kHarmless = {"todo", "compact", "agent"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

/// For a shell: 'text'.
std::string shell_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text)
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

/// "a", "a and b", "a, b and c"
std::string enumerated(const std::vector<std::string>& items) {
    std::string out;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += i + 1 == items.size() ? " and " : ", ";
        out += items[i];
    }
    return out;
}

void add_once(std::vector<std::string>& list, std::string text) {
    if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

std::string by_rule(const Rule& rule) {
    return rule.text() + " (" + rule.origin() + ")";
}

/// What a glob's pattern starts with when it leaves the folder it is asked in.
std::string_view literal_beginning(std::string_view pattern) {
    if (pattern.substr(0, 1) != "/" && pattern.find("..") == std::string_view::npos) return {};
    pattern = pattern.substr(0, pattern.find_first_of("*?[{"));
    return pattern.substr(0, pattern.rfind('/') + 1);
}

}  // namespace

std::optional<Mode> mode_from(std::string_view name) {
    for (const auto& [text, mode] : kModes)
        if (text == name) return mode;
    return std::nullopt;
}

std::string_view to_string(Mode mode) {
    for (const auto& [text, known] : kModes)
        if (known == mode) return text;
    return "ask";
}

/// One call, taken apart.
struct Gate::Case {
    std::string who;
    std::string tool;
    Json input;
    bool first_party = false;
    bool read_only = false;  ///< and first-party
    fs::path cwd;            ///< of a command
    std::vector<Need> needs;
};

Gate::Gate(Config config, Asker* asker) : config_(std::move(config)), asker_(asker) {
    const auto real = [](const fs::path& path) { return resolved(normalised(path, "/")); };
    config_.workspace = real(config_.workspace);
    places_ = {config_.workspace, config_.home};
    roots_.write.push_back(config_.workspace);
    for (const fs::path& dir : config_.add_dirs)
        roots_.write.push_back(real(dir));
    roots_.read = roots_.write;
    for (const fs::path& dir : config_.read_dirs)
        roots_.read.push_back(real(dir));
    rules_.deny = parse_rules(config_.deny, places_, errors_);
    rules_.ask = parse_rules(config_.ask, places_, errors_);
    rules_.allow = parse_rules(config_.allow, places_, errors_);
}

/// Where a command runs, as the host starts it: `~` is the home directory.
fs::path Gate::directory_of(std::string_view cwd) const {
    return normalised(expanded(fs::path(cwd), places_.home), places_.workspace);
}

Gate::Verdict Gate::judge(const agent::ToolSpec& tool, const agent::ToolCall& call,
                          std::stop_token stop, std::string_view on_behalf_of) {
    Case matter{
        tool.name, tool.name, call.input, tool.first_party, tool.first_party && tool.read_only,
        {},        {}};
    if (!on_behalf_of.empty()) matter.who.append(" of ").append(on_behalf_of);
    const auto path_of = [&] { return string_or(call.input, "path", "."); };
    if (tool.name == "bash" || tool.name == "background_run") {
        const std::string command = string_or(call.input, "command");
        matter.cwd = directory_of(string_or(call.input, "cwd"));
        matter.needs = needs_of_command(tool.name, command, matter.cwd, places_, roots_);
    } else if (tool.name == "write_file" || tool.name == "edit_file") {
        matter.needs = needs_of_path(tool.name, Need::Kind::kEdit, path_of(), places_, roots_);
    } else if (tool.name == "read_file" || tool.name == "glob" || tool.name == "grep") {
        matter.needs = needs_of_path(tool.name, Need::Kind::kRead, path_of(), places_, roots_);
        const std::string pattern =
            tool.name == "glob" ? string_or(call.input, "pattern") : std::string();
        if (const auto start = literal_beginning(pattern); !start.empty())
            for (Need& need : needs_of_path(tool.name, Need::Kind::kRead, start, places_, roots_))
                matter.needs.push_back(std::move(need));
    } else {
        Need need;
        need.tool = tool.name;
        need.name = string_or(call.input, tool.name == "agent" ? "subagent_type" : "name");
        matter.needs.push_back(std::move(need));
    }
    return decide(matter, stop);
}

Gate::Verdict Gate::judge_command(std::string_view who, std::string_view command,
                                  std::string_view cwd, std::stop_token stop) {
    Case matter{std::string(who),  "bash", Json{{"command", std::string(command)}}, false, false,
                directory_of(cwd), {}};
    if (!cwd.empty()) matter.input["cwd"] = std::string(cwd);
    matter.needs = needs_of_command("bash", command, matter.cwd, places_, roots_);
    return decide(matter, stop);
}

/// Any deny, then any ask, then any allow, then the mode.
Gate::Verdict Gate::decide(const Case& matter, const std::stop_token& stop) {
    if (auto reason = denied(matter)) return refuse(matter, std::move(*reason));
    if (auto reason = refused_by_plan(matter)) return refuse(matter, std::move(*reason));
    if (asks(matter) == nullptr && open_needs(matter).empty()) return {true, {}};
    if (config_.mode != Mode::kDontAsk && config_.yes) return {true, {}};
    return put_question(matter, stop);
}

std::optional<std::string> Gate::denied(const Case& matter) const {
    for (const Need& need : matter.needs) {
        const std::string what =
            "Permission denied: " + matter.who + " wants to " + need.description(config_.workspace);
        if (need.kind == Need::Kind::kCommand)
            if (const auto hit = builtin_denial(need.part, matter.cwd, config_.home))
                return what + ", which the built-in deny list forbids (" + *hit +
                       "). No rule or mode allows it.";
        for (const Rule& rule : rules_.deny)
            if (need.matched_by_deny(rule))
                return what + ", which is denied by the rule " + by_rule(rule) + ".";
    }
    return std::nullopt;
}

std::optional<std::string> Gate::refused_by_plan(const Case& matter) const {
    if (config_.mode != Mode::kPlan || matter.read_only) return std::nullopt;
    if (matter.first_party && contains(kHarmless, matter.tool)) return std::nullopt;
    return "Permission denied: " + matter.who +
           " is not read-only, and the permission mode is plan.";
}

const Rule* Gate::asks(const Case& matter) const {
    for (const Rule& rule : rules_.ask)
        for (const Need& need : matter.needs)
            if (need.matched_by_ask(rule)) return &rule;
    return nullptr;
}

bool Gate::allows(const Case& matter, const Need& need) const {
    if (need.covered || config_.mode == Mode::kBypassPermissions) return true;
    if (need.kind == Need::Kind::kTool &&
        (matter.read_only || (matter.first_party && contains(kUnquestioned, need.tool))))
        return true;
    if (need.kind == Need::Kind::kRead && need.inside && matter.read_only) return true;
    const auto hit = [&need](const Rule& rule) { return need.matched_by_allow(rule); };
    if (std::any_of(rules_.allow.begin(), rules_.allow.end(), hit)) return true;
    {
        const Lock lock(mutex_);
        if (std::any_of(session_.begin(), session_.end(), hit)) return true;
    }
    if (config_.mode != Mode::kAcceptEdits) return false;
    // A stranger's tool may bear the name of one of ours.
    if (!need.tool.empty() && need.kind == Need::Kind::kEdit && !matter.first_party) return false;
    if (need.kind == Need::Kind::kEdit) return need.inside;
    if (need.kind != Need::Kind::kCommand || need.opaque ||
        !is_file_command(need.part, matter.cwd, roots_.write))
        return false;
    const auto paths = operands_of(need.part, matter.cwd);
    return std::none_of(paths.begin(), paths.end(), [this](const fs::path& path) {
        return denied_read(path) || denied_edit(path);
    });
}

std::vector<const Need*> Gate::open_needs(const Case& matter) const {
    std::vector<const Need*> open;
    for (const Need& need : matter.needs)
        if (!allows(matter, need)) open.push_back(&need);
    return open;
}

Question Gate::question(const Case& matter, const std::vector<const Need*>& open,
                        const Rule* rule) const {
    Question question;
    question.who = matter.who;
    question.tool = matter.tool;
    question.input = matter.input;
    std::vector<std::string> rules;
    const auto add = [&](const Need& need) {
        add_once(question.items, need.description(config_.workspace));
        // An ask rule comes before every allow rule: none would spare the question.
        if (rule == nullptr) add_once(rules, need.rule(config_.workspace));
    };
    if (rule == nullptr) {
        for (const Need* need : open)
            add(*need);
    } else {
        for (const Need& need : matter.needs)
            if (need.matched_by_ask(*rule)) add(need);
    }
    // The bare rule covers every other one.
    if (std::find(rules.begin(), rules.end(), "Bash") != rules.end())
        rules.erase(
            std::remove_if(rules.begin(), rules.end(),
                           [](const std::string& text) { return text.substr(0, 5) == "Bash("; }),
            rules.end());
    if (!rules.empty()) question.offers.push_back(std::move(rules));
    question.title = matter.who + " wants to " + enumerated(question.items);
    return question;
}

/// Our own file tools stay beneath their roots whatever a rule or a person says.
const Need* Gate::out_of_reach(const Case& matter) const {
    if (!matter.first_party) return nullptr;
    const auto it = std::find_if(matter.needs.begin(), matter.needs.end(), [](const Need& need) {
        const bool path = need.kind == Need::Kind::kRead || need.kind == Need::Kind::kEdit;
        return path && !need.tool.empty() && need.certain && !need.inside;
    });
    return it == matter.needs.end() ? nullptr : &*it;
}

Gate::Verdict Gate::put_question(const Case& matter, const std::stop_token& stop) {
    const Rule* rule = asks(matter);
    if (const Need* need = out_of_reach(matter)) {
        return refuse(matter, "Permission denied: " + matter.who + " wants to " +
                                  need->description(config_.workspace) +
                                  ", which is outside its folders: the workspace and those given "
                                  "with --add-dir DIR.");
    }
    if (asker_ == nullptr || config_.mode == Mode::kDontAsk) {
        const Question question = this->question(matter, open_needs(matter), rule);
        std::string reason = "Permission denied: " + question.title + ".";
        if (rule != nullptr)
            return refuse(matter,
                          reason + " The rule " + by_rule(*rule) +
                              " asks for it, and nobody can be asked; --yes answers with yes.");
        std::string options;
        for (const auto& rules : question.offers)
            for (const std::string& text : rules)
                options += " --allow " + shell_quoted(text);
        return refuse(matter, reason + " Allow it with" + options +
                                  " or permissions.allow in the configuration.");
    }
    if (!take_turn(stop)) return {false, "Permission denied: the turn was stopped."};
    // Somebody may have answered "always" meanwhile.
    const auto open = open_needs(matter);
    Answer answer{Answer::Kind::kYes, {}, {}};
    Question question;
    if (rule != nullptr || !open.empty()) {
        question = this->question(matter, open, rule);
        question.waiting = waiting_questions();
        try {
            answer = asker_->ask(question, stop);
        } catch (...) {
            end_turn();
            throw;
        }
        if (answer.kind == Answer::Kind::kAlways) remember(answer.rules);
    }
    end_turn();
    if (answer.kind != Answer::Kind::kNo) return {true, {}};
    if (stop.stop_requested()) return {false, "Permission denied: the turn was stopped."};
    const std::string said = answer.instead.empty() ? "." : ": " + answer.instead;
    return refuse(matter, "Permission denied: " + question.title + ", and the user said no" + said);
}

Gate::Verdict Gate::ask(std::string_view who, std::string_view question, std::stop_token stop) {
    const std::string refused =
        "Permission denied: " + std::string(who) + " asks: " + std::string(question);
    if (config_.mode == Mode::kPlan) return {false, refused + " The permission mode is plan."};
    if (config_.mode == Mode::kBypassPermissions || (config_.yes && config_.mode != Mode::kDontAsk))
        return {true, {}};
    if (asker_ == nullptr || config_.mode == Mode::kDontAsk)
        return {false, refused + " Nobody can be asked; --yes answers with yes."};
    if (!take_turn(stop)) return {false, "Permission denied: the turn was stopped."};
    Answer answer;
    try {
        Question put;
        put.who = who;
        put.input = Json::object();
        put.title = question;
        put.waiting = waiting_questions();
        answer = asker_->ask(put, stop);
    } catch (...) {
        end_turn();
        throw;
    }
    end_turn();
    if (answer.kind != Answer::Kind::kNo) return {true, {}};
    return {false, refused + " The user said no."};
}

bool Gate::take_turn(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] {
        // Under the mutex, so that the request cannot fall between a waiter's check and its wait.
        { const Lock lock(mutex_); }
        turn_.notify_all();
    });
    Lock lock(mutex_);
    ++waiting_;
    while (asking_ && !stop.stop_requested())
        turn_.wait(lock);
    --waiting_;
    if (stop.stop_requested()) return false;
    asking_ = true;
    return true;
}

void Gate::end_turn() {
    {
        const Lock lock(mutex_);
        asking_ = false;
    }
    turn_.notify_all();
}

void Gate::remember(const std::vector<std::string>& rules) {
    for (const std::string& text : rules) {
        auto rule = Rule::parse({text, "always for this session", config_.workspace}, places_);
        if (!rule) continue;
        const Lock lock(mutex_);
        session_.push_back(std::move(*rule));
    }
}

Gate::Verdict Gate::refuse(const Case& matter, std::string reason) {
    const Lock lock(mutex_);
    denials_.push_back({matter.tool, matter.input});
    return {false, std::move(reason)};
}

bool Gate::denied_read(const fs::path& path) const {
    return std::any_of(rules_.deny.begin(), rules_.deny.end(), [&](const Rule& rule) {
        return rule.kind() == Rule::Kind::kRead && rule.matches_path(path, true);
    });
}

bool Gate::denied_edit(const fs::path& path) const {
    return std::any_of(rules_.deny.begin(), rules_.deny.end(), [&](const Rule& rule) {
        return rule.kind() == Rule::Kind::kEdit && rule.matches_path(path, true);
    });
}

bool Gate::removes(std::string_view tool) const {
    return std::any_of(rules_.deny.begin(), rules_.deny.end(),
                       [&](const Rule& rule) { return rule.bare() && rule.covers(tool); });
}

std::size_t Gate::waiting_questions() const {
    const Lock lock(mutex_);
    return waiting_;
}

std::vector<Denial> Gate::denials() const {
    const Lock lock(mutex_);
    return denials_;
}

}  // namespace tenon::permission
