#include "host/permission/gate.h"

#include <algorithm>
#include <array>

#include "host/base/tilde.h"
#include "host/permission/builtin_list.h"
#include "host/permission/part_judge.h"
#include "host/permission/rule_offer.h"

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

/// What a question or a refusal names at most; the rest is counted.
constexpr std::size_t kMostItems = 100;

/// Different texts in the order in which they came.
class Items {
public:
    void add(std::string text) {
        if (std::find(items_.begin(), items_.end(), text) != items_.end()) return;
        if (items_.size() < kMostItems)
            items_.push_back(std::move(text));
        else
            ++left_out_;
    }
    std::vector<std::string> take() && {
        if (left_out_ > 0)
            items_.push_back("do more than that (parts left out: " + std::to_string(left_out_) +
                             ")");
        return std::move(items_);
    }

private:
    std::vector<std::string> items_;
    std::size_t left_out_ = 0;
};

/// The rule without what stands between its parentheses.
std::string bare(const std::string& rule) {
    return rule.substr(0, rule.find('('));
}

/// The rules that allow all of `open`, each once; bare ones for too many of them. Empty: there are
/// none.
std::vector<std::string> rules_for(const std::vector<const Need*>& open,
                                   const fs::path& workspace) {
    std::vector<std::string> rules;
    for (const Need* need : open) {
        std::string rule = need->rule(workspace);
        if (rule.empty()) return {};
        if (open.size() > kMostItems && need->protected_name.empty()) rule = bare(rule);
        if (std::find(rules.begin(), rules.end(), rule) == rules.end())
            rules.push_back(std::move(rule));
    }
    // The bare rule covers the others about commands.
    if (std::find(rules.begin(), rules.end(), "Bash") != rules.end())
        std::erase_if(rules, [](const std::string& rule) { return rule.starts_with("Bash("); });
    return rules;
}

/// How to allow what is open, for a run in which nobody can be asked.
std::string advice(const std::vector<const Need*>& open, const fs::path& workspace) {
    const std::vector<std::string> rules = rules_for(open, workspace);
    if (rules.empty()) return " No rule allows it; --yes answers with yes.";
    std::string options;
    for (const std::string& rule : rules)
        options += " --allow " + shell_quoted(rule);
    std::string out = " Allow it with" + options + " or permissions.allow in the configuration.";
    for (const Need* need : open) {
        if (need->kind != Need::Kind::kCommand) continue;
        if (need->opaque)
            return out + " Only the bare rule Bash allows what is not wholly understood.";
        if (!need->runs_inside)
            return out + " Only the bare rule Bash allows what runs outside the workspace.";
        if (may_run_its_input(need->part)) return out + " It would hold for any other input too.";
    }
    return out;
}

std::string named(const Rule& rule) {
    return rule.text() + " (" + rule.origin() + ")";
}

bool is_about_paths(const Rule& rule) {
    return rule.kind() == Rule::Kind::kRead || rule.kind() == Rule::Kind::kEdit;
}

/// The head and the tail of a long text. Only for messages to a model: a person is shown all of it.
std::string shortened(const std::string& text) {
    constexpr std::size_t kLongest = 2'000;
    if (text.size() <= kLongest) return text;
    const auto is_inside = [&](std::size_t at) {
        return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
    };
    std::size_t head = kLongest / 2;
    std::size_t tail = text.size() - kLongest / 2;
    while (head > 0 && is_inside(head))
        --head;
    while (tail < text.size() && is_inside(tail))
        ++tail;
    return text.substr(0, head) + "[… " + std::to_string(tail - head) + " bytes …]" +
           text.substr(tail);
}

Rule::Kind rule_kind(agent::NameRules rules) {
    switch (rules) {
        case agent::NameRules::kAgent:
            return Rule::Kind::kAgent;
        case agent::NameRules::kSkill:
            return Rule::Kind::kSkill;
        case agent::NameRules::kNone:
            break;
    }
    return Rule::Kind::kTool;
}

/// The paths that an argument holds: its text, or each text of a list. A missing one is the
/// workspace.
std::vector<std::string> paths_in(const Json& input, const std::string& argument) {
    const Json& value = member(input, argument);
    if (value.is_array()) return strings_in(value);
    return {string_or(input, argument, ".")};
}

/// What a pattern of file names starts with when it leaves the folder it is asked in.
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

/// One call, and what it needs.
struct Gate::Case {
    std::string who;
    std::string subagent;
    std::string tool;
    Json input;
    bool first_party = false;
    bool read_only = false;          ///< and first-party
    bool unquestioned = false;       ///< first-party, needs no question though not read-only
    bool conversation_only = false;  ///< first-party, changes nothing outside the conversation
    agent::ToolFacts shown = {};     ///< how a question shows it
    fs::path cwd;                    ///< of a command
    std::vector<Need> seen;          ///< what deny rules and ask rules look at
    std::vector<Need> needs;
    std::string failed;  ///< a command's text that could not be taken apart, and why
};

Gate::Gate(Config config, Asker* asker)
    : config_(std::move(config)), asker_(asker), environment_(ShellEnvironment::of_this_process()) {
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
    for (const auto* list : {&rules_.deny, &rules_.ask})
        path_rules_ = path_rules_ || std::any_of(list->begin(), list->end(), is_about_paths);
}

/// Where a command runs, as the host starts it: `~` is the home directory.
fs::path Gate::directory_of(std::string_view cwd) const {
    return normalised(expanded(fs::path(cwd), places_.home), places_.workspace);
}

Gate::Verdict Gate::judge(const agent::ToolSpec& tool, const agent::ToolCall& call,
                          std::stop_token stop, std::string_view on_behalf_of) {
    Case judged;
    judged.who = judged.tool = tool.name;
    judged.subagent = on_behalf_of;
    judged.input = call.input;
    judged.first_party = tool.first_party;
    judged.read_only = tool.first_party && tool.read_only;
    if (!on_behalf_of.empty()) judged.who.append(" of ").append(on_behalf_of);
    judge_facts(judged, tool);
    return decide(judged, stop);
}

/// Fills in what the call does, as the tool's facts say.
void Gate::judge_facts(Case& judged, const agent::ToolSpec& tool) const {
    const agent::ToolFacts& facts = tool.facts;
    if (!facts.command.empty()) {
        judged.cwd = directory_of(string_or(judged.input, facts.directory));
        take_apart(judged, string_or(judged.input, facts.command));
    }
    for (Need& need : path_needs(tool, judged.input)) {
        judged.seen.push_back(need);
        judged.needs.push_back(std::move(need));
    }
    if (!facts.writes.empty()) judged.read_only = false;
    if (tool.first_party) {
        judged.shown = facts;
        judged.conversation_only = facts.conversation_only;
        judged.unquestioned = facts.no_question || facts.conversation_only;
    }
    const Rule::Kind rules = tool.first_party ? rule_kind(facts.rules) : Rule::Kind::kTool;
    if (tool.first_party && !judged.needs.empty() && rules == Rule::Kind::kTool) return;
    // Of a third-party tool only its use as a whole is ever allowed, so that its facts cannot spare
    // the question.
    if (!tool.first_party) judged.needs.clear();
    Need need;
    need.tool = tool.name;
    need.rules = rules;
    need.name = string_or(judged.input, facts.rule_name);
    judged.seen.push_back(need);
    judged.needs.push_back(std::move(need));
}

std::vector<Need> Gate::path_needs(const agent::ToolSpec& tool, const Json& input) const {
    std::vector<Need> needs;
    const auto add = [&](Need::Kind kind, std::string_view path) {
        for (Need& need : needs_of_path(tool.name, kind, path, places_, roots_))
            needs.push_back(std::move(need));
    };
    for (const std::string& argument : tool.facts.reads)
        for (const std::string& path : paths_in(input, argument))
            add(Need::Kind::kRead, path);
    for (const std::string& argument : tool.facts.writes)
        for (const std::string& path : paths_in(input, argument))
            add(Need::Kind::kEdit, path);
    const std::string pattern = string_or(input, tool.facts.pattern);
    if (const auto start = literal_beginning(pattern); !start.empty()) {
        const std::string folder =
            tool.facts.reads.empty() ? "." : string_or(input, tool.facts.reads.front(), ".");
        add(Need::Kind::kRead,
            start[0] == '/' ? std::string(start) : folder + "/" + std::string(start));
    }
    return needs;
}

Gate::Verdict Gate::judge_command(std::string_view who, std::string_view command,
                                  std::string_view cwd, std::stop_token stop,
                                  std::string_view as_tool) {
    Case judged;
    judged.who = who;
    judged.tool = as_tool;
    judged.input = {{"command", std::string(command)}};
    judged.shown.command = "command";
    judged.shown.directory = "cwd";
    judged.cwd = directory_of(cwd);
    if (!cwd.empty()) judged.input["cwd"] = std::string(cwd);
    take_apart(judged, command);
    return decide(judged, stop);
}

void Gate::take_apart(Case& judged, std::string_view command) const {
    CommandNeeds found = needs_of_command(judged.tool, command, judged.cwd,
                                          {places_, roots_, environment_, path_rules_});
    judged.seen = std::move(found.seen);
    judged.needs = std::move(found.open);
    judged.failed = std::move(found.failed);
    if (config_.mode != Mode::kBypassPermissions) study(judged, found);
    judged.read_only = judged.first_party && config_.read_only_commands && !judged.needs.empty() &&
                       std::all_of(judged.needs.begin(), judged.needs.end(), [](const Need& need) {
                           return need.read_only || (need.kind == Need::Kind::kRead && need.inside);
                       });
}

/// Looks at the files that the parts of a command name, where that matters.
void Gate::study(Case& judged, const CommandNeeds& command) const {
    const Restrictions restrictions{
        [this](const fs::path& path) { return restricted(Rule::Kind::kRead, path); },
        [this](const fs::path& path) { return restricted(Rule::Kind::kEdit, path); },
        [this](const fs::path& path) {
            const auto hit = [&](const Rule& rule) {
                return rule.kind() == Rule::Kind::kRead && rule.may_match_beneath(path);
            };
            return std::any_of(rules_.deny.begin(), rules_.deny.end(), hit) ||
                   std::any_of(rules_.ask.begin(), rules_.ask.end(), hit);
        }};
    const PartJudge judge(command, places_, roots_, environment_, restrictions);
    std::vector<bool> studied(judged.needs.size(), false);
    for (std::size_t i = 0; i < command.parts.size(); ++i) {
        const std::size_t at = command.need_of_part[i];
        if (at == shell::Part::kNone || studied[at]) continue;
        studied[at] = true;
        for (Need& need : judge.protected_changes(i))
            judged.needs.push_back(std::move(need));
        Need& need = judged.needs[at];
        if (!judged.first_party || (config_.mode != Mode::kPlan && by_rule(need))) continue;
        need.read_only = config_.read_only_commands && judge.why_not_read_only(i).empty();
        need.file_command =
            config_.mode == Mode::kAcceptEdits && judge.why_not_file_command(i).empty();
    }
}

/// Any deny, then any ask, then any allow, then the mode.
Gate::Verdict Gate::decide(const Case& judged, const std::stop_token& stop) {
    if (auto reason = denied(judged)) return refuse(judged, std::move(*reason));
    if (auto reason = refused_by_plan(judged)) return refuse(judged, std::move(*reason));
    if (asks(judged) == nullptr && open_needs(judged).empty()) return {true, {}};
    if (config_.mode != Mode::kDontAsk && config_.yes) return {true, {}};
    return put_question(judged, stop);
}

std::optional<std::string> Gate::denied(const Case& judged) const {
    const auto what = [&](const Need& need) {
        return "Permission denied: " + judged.who + " wants to " +
               shortened(need.description(config_.workspace));
    };
    for (const Need& need : judged.seen) {
        if (need.kind == Need::Kind::kCommand)
            if (const auto hit = builtin_denial(need.part, judged.cwd, config_.home))
                return what(need) + ", which the built-in deny list forbids (" + *hit +
                       "). No rule or mode allows it.";
        for (const Rule& rule : rules_.deny)
            if (need.matched_by_deny(rule))
                return what(need) + ", which is denied by the rule " + named(rule) + ".";
    }
    if (auto reason = not_taken_apart(judged)) return reason;
    for (const Need& need : judged.needs)
        if (config_.read_only_sandbox && judged.first_party && !need.tool.empty() &&
            need.kind == Need::Kind::kEdit)
            return what(need) + ", but sandbox.mode is read-only: no file is written.";
    return std::nullopt;
}

/// What cannot be taken apart may hold a part that a deny rule is about.
std::optional<std::string> Gate::not_taken_apart(const Case& judged) const {
    if (judged.failed.empty()) return std::nullopt;
    const auto rule = std::find_if(rules_.deny.begin(), rules_.deny.end(), [](const Rule& r) {
        return r.kind() == Rule::Kind::kBash || is_about_paths(r);
    });
    if (rule == rules_.deny.end()) return std::nullopt;
    return "Permission denied: the command could not be taken apart (" + judged.failed +
           "), so that deny rules such as " + named(*rule) +
           " cannot be applied to it. Write it in a simpler way, or as several commands.";
}

std::optional<std::string> Gate::refused_by_plan(const Case& judged) const {
    if (config_.mode != Mode::kPlan || judged.read_only) return std::nullopt;
    if (judged.conversation_only) return std::nullopt;
    return "Permission denied: " + judged.who +
           " is not read-only, and the permission mode is plan.";
}

const Rule* Gate::asks(const Case& judged) const {
    for (const Rule& rule : rules_.ask) {
        if (!judged.failed.empty() && (rule.kind() == Rule::Kind::kBash || is_about_paths(rule)))
            return &rule;
        for (const Need& need : judged.seen)
            if (need.matched_by_ask(rule)) return &rule;
    }
    return nullptr;
}

bool Gate::by_rule(const Need& need) const {
    const auto hit = [&need](const Rule& rule) { return need.matched_by_allow(rule); };
    if (std::any_of(rules_.allow.begin(), rules_.allow.end(), hit)) return true;
    const Lock lock(mutex_);
    return std::any_of(session_.begin(), session_.end(), hit);
}

bool Gate::allows(const Case& judged, const Need& need) const {
    if (config_.mode == Mode::kBypassPermissions) return true;
    if (need.kind == Need::Kind::kTool && (judged.read_only || judged.unquestioned)) return true;
    if (need.read_only || need.file_command) return true;
    // What a command reads by a redirection is as good as what a tool reads.
    if (need.kind == Need::Kind::kRead && need.inside && judged.first_party &&
        (judged.read_only || need.tool.empty()))
        return true;
    if (by_rule(need)) return true;
    // A stranger's tool may bear the name of one of ours.
    return config_.mode == Mode::kAcceptEdits && need.kind == Need::Kind::kEdit && need.inside &&
           need.protected_name.empty() && judged.first_party;
}

std::vector<const Need*> Gate::open_needs(const Case& judged) const {
    std::vector<const Need*> open;
    for (const Need& need : judged.needs)
        if (!allows(judged, need)) open.push_back(&need);
    return open;
}

Question Gate::question(const Case& judged, const std::vector<const Need*>& open,
                        const Rule* rule) const {
    Question question;
    question.who = judged.who;
    question.subagent = judged.subagent;
    question.tool = judged.tool;
    question.input = judged.input;
    question.facts = judged.shown;
    std::vector<const Need*> about = open;
    if (rule != nullptr) {
        about.clear();
        for (const Need& need : judged.seen)
            if (need.matched_by_ask(*rule)) about.push_back(&need);
        // The text could not be taken apart.
        if (about.empty()) about = open;
    }
    Items items;
    for (const Need* need : about)
        items.add(need->description(config_.workspace));
    question.items = std::move(items).take();
    // An ask rule comes before every allow rule: none would spare the question.
    if (rule == nullptr) {
        RuleOffer offer = offer_for(open, config_.workspace);
        question.offers = std::move(offer.choices);
        question.remark = std::move(offer.remark);
    }
    question.title = judged.who + " wants to " + enumerated(question.items);
    return question;
}

/// Our own file tools stay beneath their roots whatever a rule or a person says.
const Need* Gate::out_of_reach(const Case& judged) const {
    if (!judged.first_party) return nullptr;
    const auto it = std::find_if(judged.needs.begin(), judged.needs.end(), [](const Need& need) {
        const bool path = need.kind == Need::Kind::kRead || need.kind == Need::Kind::kEdit;
        return path && !need.tool.empty() && need.certain && !need.inside;
    });
    return it == judged.needs.end() ? nullptr : &*it;
}

Gate::Verdict Gate::put_question(const Case& judged, const std::stop_token& stop) {
    const Rule* rule = asks(judged);
    if (const Need* need = out_of_reach(judged)) {
        return refuse(judged, "Permission denied: " + judged.who + " wants to " +
                                  need->description(config_.workspace) +
                                  ", which is outside its folders: the workspace and those given "
                                  "with --add-dir DIR.");
    }
    if (asker_ == nullptr || config_.mode == Mode::kDontAsk) return refuse_unasked(judged, rule);
    if (!take_turn(stop)) return {false, "Permission denied: the turn was stopped."};
    // Somebody may have answered "always" meanwhile.
    const auto open = open_needs(judged);
    Answer answer{Answer::Kind::kYes, {}, {}};
    Question question;
    if (rule != nullptr || !open.empty()) {
        question = this->question(judged, open, rule);
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
    std::string reason =
        "Permission denied: " + shortened(question.title) + ", and the user said no.";
    if (!answer.instead.empty()) reason += " The user wants this instead: " + answer.instead;
    return refuse(judged, std::move(reason));
}

Gate::Verdict Gate::refuse_unasked(const Case& judged, const Rule* rule) {
    const auto open = open_needs(judged);
    const std::string reason =
        "Permission denied: " + shortened(question(judged, open, rule).title) + ".";
    if (rule != nullptr)
        return refuse(judged, reason + " The rule " + named(*rule) +
                                  " asks for it, and nobody can be asked; --yes answers with yes.");
    return refuse(judged, reason + advice(open, config_.workspace));
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

Gate::Verdict Gate::refuse(const Case& judged, std::string reason) {
    const Lock lock(mutex_);
    denials_.push_back({judged.tool, judged.input});
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

/// Whether a deny rule or an ask rule is about this path.
bool Gate::restricted(Rule::Kind kind, const fs::path& path) const {
    const auto hit = [&](const Rule& rule) {
        return rule.kind() == kind && rule.matches_path(path, true);
    };
    return std::any_of(rules_.deny.begin(), rules_.deny.end(), hit) ||
           std::any_of(rules_.ask.begin(), rules_.ask.end(), hit);
}

bool Gate::removes(const agent::ToolSpec& tool) const {
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
