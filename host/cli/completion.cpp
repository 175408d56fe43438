#include "host/cli/completion.h"

#include <algorithm>

#include "host/config/key_texts.h"

namespace tenon::cli {
namespace {

using Rest = Completion::Rest;

bool takes_value(const OptionSpec& spec) {
    return !spec.argument.empty();
}

/// Reads one word that is not the last.
void read_word(TypedLine& line, const std::string& word) {
    if (line.waiting != nullptr) {
        line.given.push_back({line.waiting->long_name, word});
        line.waiting = nullptr;
        return;
    }
    const auto option = line.after_dashes ? std::nullopt : option_word(line.options, word);
    if (!line.after_dashes && word == "--") {
        line.after_dashes = true;
    } else if (option) {
        if (option->spec == nullptr) return;
        if (takes_value(*option->spec) && !option->value) {
            line.waiting = option->spec;
        } else {
            line.given.push_back(
                {option->spec->long_name, std::string(option->value.value_or(""))});
        }
    } else if (line.command != nullptr) {
        line.words.push_back(word);
    } else if (const Command* const command = find_command(word); command == nullptr) {
        line.words.push_back(word);
    } else {
        line.command = &command->spec;
        line.options = options_of(command->spec);
    }
}

/// Collects what may stand for the last word of a line.
class Choice {
public:
    Choice(const TypedLine& line, Surroundings& around) : line_(line), around_(around) {}

    Completion made() && {
        add_all();
        std::vector<Candidate> fitting;
        for (Candidate& candidate : out_.candidates)
            if (candidate.text.starts_with(line_.last)) fitting.push_back(std::move(candidate));
        out_.candidates = std::move(fitting);
        return std::move(out_);
    }

private:
    void add_all() {
        const std::string& last = line_.last;
        if (line_.waiting != nullptr) return add_value(*line_.waiting, "", last);
        if (line_.after_dashes) {
            out_.rest = Rest::kFiles;
            return;
        }
        if (const auto option = option_word(line_.options, last)) {
            if (option->spec != nullptr && option->value && takes_value(*option->spec)) {
                const auto length = last.size() - option->value->size();
                return add_value(*option->spec, last.substr(0, length), *option->value);
            }
            return add_options();
        }
        if (last == "-") return add_options();
        add_word();
    }

    void add(std::string text, std::string_view description) {
        out_.candidates.push_back({std::move(text), std::string(description)});
    }

    void add_options() {
        for (const OptionSpec& spec : line_.options) {
            if (!may_follow(spec)) continue;
            add(spec.shown() + (takes_value(spec) ? "=" : ""), spec.help);
            const std::string in_short{'-', spec.short_name};
            if (spec.short_name != 0 && line_.last == in_short) add(in_short, spec.help);
        }
    }

    /// Options of other verbs, and options that were given and count only once, are not offered.
    [[nodiscard]] bool may_follow(const OptionSpec& spec) const {
        const auto is_this = [&](const Arguments::GivenOption& g) {
            return g.name == spec.long_name;
        };
        const bool given = std::any_of(line_.given.begin(), line_.given.end(), is_this);
        if (given && spec.repeat != Repeat::kList) return false;
        if (line_.command == nullptr) return true;
        const auto& own = line_.command->options;
        const bool shared = std::none_of(own.begin(), own.end(), [&](const OptionSpec& o) {
            return o.long_name == spec.long_name;
        });
        const VerbSpec* const verb = line_.verb();
        return shared || verb == nullptr ||
               std::find(verb->options.begin(), verb->options.end(), spec.long_name) !=
                   verb->options.end();
    }

    /// A word that is no option.
    void add_word() {
        if (line_.command == nullptr) {
            if (!line_.words.empty()) return;
            for (const Command& command : commands())
                if (!command.is_hidden()) add(std::string(command.spec.word()), command.spec.brief);
            return;
        }
        if (line_.command->verbs.empty()) {
            if (line_.words.empty()) add_things(line_.command->takes);
            return;
        }
        if (line_.words.empty()) {
            for (const VerbSpec& verb : line_.command->verbs)
                add(std::string(verb.name), verb.help);
            return;
        }
        const VerbSpec* const verb = line_.verb();
        if (verb == nullptr || line_.words.size() > verb->max_ids) return;
        if (verb->takes == Takes::kPluginFile && line_.words.size() > 1) return;
        add_things(verb->takes);
        for (const std::string& word : line_.words)
            std::erase_if(out_.candidates, [&](const Candidate& c) { return c.text == word; });
    }

    void add_things(Takes takes) {
        const std::string& last = line_.last;
        switch (takes) {
            case Takes::kJob:
            case Takes::kUnendedJob:
                return take(around_.jobs(last, takes == Takes::kUnendedJob));
            case Takes::kSession:
                return take(around_.sessions(last, false));
            case Takes::kTool:
                return take(around_.tools());
            case Takes::kPlugin:
                take(around_.plugins());
                return take(around_.plugin_files(last));
            case Takes::kPluginFile:
                return take(around_.plugin_files(last));
            case Takes::kFile:
                out_.rest = Rest::kFiles;
                return;
            case Takes::kFolder:
                out_.rest = Rest::kFolders;
                return;
            default:
                return;
        }
    }

    void take(std::vector<Candidate> more, const std::string& before = "") {
        for (Candidate& candidate : more)
            out_.candidates.push_back({before + candidate.text, std::move(candidate.description)});
    }

    /// The value of an option; `before` is what stands before it in the same word.
    void add_value(const OptionSpec& spec, const std::string& before, std::string_view begin) {
        switch (spec.takes) {
            case Takes::kChoice:
                return add_choices(spec.values, before);
            case Takes::kSettingValue:
                if (const auto* const key = config::find_key(spec.values))
                    add_values_of(*key, before);
                return;
            case Takes::kSetting:
                return add_setting(before, begin);
            case Takes::kSession:
                return take(around_.sessions(begin, true), before);
            default:
                return add_things(spec.takes);
        }
    }

    void add_choices(std::string_view choices, const std::string& before) {
        for (const std::string_view choice : config::listed_choices(choices))
            add(before + std::string(choice), "");
    }

    void add_values_of(const config::KeySpec& key, const std::string& before) {
        using config::ValueType;
        add_choices(key.choices, before);
        if (key.type == ValueType::kBoolean) add_choices("true, false", before);
        if (key.type == ValueType::kGrants)
            add_choices("network, exec, read:, write:, unconfined", before);
        if (key.type == ValueType::kPath) out_.rest = Rest::kFiles;
        if (key.type == ValueType::kPaths) out_.rest = Rest::kFolders;
    }

    /// KEY=VALUE.
    void add_setting(const std::string& before, std::string_view begin) {
        const auto equals = begin.find('=');
        if (equals == std::string_view::npos) return add_keys(before, begin);
        const std::string name = config::numbered_key(std::string(begin.substr(0, equals))).key;
        const std::string with_key = before + std::string(begin.substr(0, equals + 1));
        const config::KeySpec* key = config::find_key(name);
        const auto of_plugin = config::plugin_key(name);
        if (of_plugin) key = config::find_plugin_key(of_plugin->name);
        if (key != nullptr) add_values_of(*key, with_key);
    }

    void add_keys(const std::string& before, std::string_view begin) {
        constexpr std::string_view kPlugins = "plugins.";
        for (const config::KeySpec& key : config::setting_keys())
            add(before + std::string(key.key) + "=", config::first_sentence(key.meaning));
        add(before + "model.headers.", "one more header field for each request");
        for (const char* member : {"provider", "baseUrl", "name"})
            add(before + "model.fallback.1." + member + "=", "of the first fallback model");
        if (begin.starts_with(kPlugins)) return take(around_.keys_of_plugins(), before);
        add(before + std::string(kPlugins), "settings of one plugin");
    }

    const TypedLine& line_;
    Surroundings& around_;
    Completion out_;
};

}  // namespace

TypedLine TypedLine::of(std::span<const std::string> words) {
    TypedLine line;
    line.options = main_options();
    if (words.empty()) return line;
    for (const std::string& word : words.first(words.size() - 1))
        read_word(line, word);
    line.last = words.back();
    return line;
}

const VerbSpec* TypedLine::verb() const {
    if (command == nullptr || words.empty()) return nullptr;
    const auto found = std::find_if(command->verbs.begin(), command->verbs.end(),
                                    [&](const VerbSpec& known) { return known.name == words[0]; });
    return found == command->verbs.end() ? nullptr : &*found;
}

Completion complete(const TypedLine& line, Surroundings& around) {
    return Choice(line, around).made();
}

}  // namespace tenon::cli
