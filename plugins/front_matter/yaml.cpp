#include "plugins/front_matter/yaml.h"

#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace tenon::front_matter {
namespace {

/// Collects the outermost mapping from the parser's events. Nodes would be made for everything in
/// the file, and aliases among them could be followed without end.
class Collector final : public YAML::EventHandler {
public:
    [[nodiscard]] std::optional<Fields> take() {
        if (!is_mapping_) return std::nullopt;
        return std::move(fields_);
    }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override { leaf(Field::Kind::kNothing, {}); }
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override { leaf(Field::Kind::kOther, {}); }
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  const std::string& value) override {
        leaf(Field::Kind::kText, value);
    }
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        open(Field::Kind::kTexts);
    }
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {
        if (depth_ == 0) is_mapping_ = true;
        open(Field::Kind::kOther);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

private:
    // Depth 1 is the mapping: keys and values in turn. Depth 2 is within a value, or within a key
    // that is more than text and that nobody asks for.
    void leaf(Field::Kind kind, const std::string& text) {
        if (depth_ == 1 && !key_) {
            key_ = kind == Field::Kind::kText ? text : std::string();
        } else if (depth_ == 1) {
            set({kind, text, {}});
        } else if (depth_ == 2 && value_.kind == Field::Kind::kTexts) {
            if (kind == Field::Kind::kText) value_.texts.push_back(text);
            if (kind == Field::Kind::kOther) value_.kind = kind;
        }
    }
    void open(Field::Kind kind) {
        ++depth_;
        if (depth_ == 2) value_ = {kind, {}, {}};
        if (depth_ == 3) value_.kind = Field::Kind::kOther;
    }
    void close() {
        --depth_;
        if (depth_ != 1) return;
        if (key_) {
            set(std::move(value_));
        } else {
            key_ = std::string();
        }
    }
    void set(Field field) {
        if (!key_->empty()) fields_.insert_or_assign(*key_, std::move(field));
        key_.reset();
    }

    Fields fields_;
    bool is_mapping_ = false;
    int depth_ = 0;
    std::optional<std::string> key_;  // whose value comes next
    Field value_;
};

struct Line {
    std::string_view key;  // with its colon; empty: the line begins no value of the mapping
    std::string value;
};

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

Line split(std::string_view line) {
    const auto colon = line.find(':');
    const bool is_key = colon != std::string_view::npos && colon > 0 &&
                        (colon + 1 == line.size() || line[colon + 1] == ' ') &&
                        std::string_view(" \t-#\"'[{?").find(line[0]) == std::string_view::npos;
    if (!is_key) return {};
    return {line.substr(0, colon + 1), std::string(trimmed(line.substr(colon + 1)))};
}

/// Begins neither with what YAML gives a meaning of its own nor with nothing.
bool is_plain(std::string_view value) {
    return !value.empty() &&
           std::string_view("\"'[{|>&*!#").find(value[0]) == std::string_view::npos;
}

bool needs_quotes(std::string_view value) {
    return value.find(": ") != std::string_view::npos || value.back() == ':' ||
           std::string_view("@`%,]}").find(value[0]) != std::string_view::npos;
}

std::string quoted(std::string_view value) {
    std::string out = "'";
    for (const char c : value)
        out += c == '\'' ? std::string("''") : std::string(1, c);
    return out + "'";
}

}  // namespace

Yaml read_yaml(const std::string& yaml) {
    Yaml out;
    try {
        std::istringstream in(yaml);
        YAML::Parser parser(in);
        Collector collector;
        if (!parser.HandleNextDocument(collector)) {
            out.fields.emplace();  // nothing at all: no keys
            return out;
        }
        out.fields = collector.take();
        if (!out.fields) out.problem = "it is no list of `key: value`";
    } catch (const YAML::Exception& e) {
        out.problem = e.msg;
        if (!e.mark.is_null()) out.problem += " (line " + std::to_string(e.mark.line + 2) + ")";
    }
    return out;
}

std::string with_quoted_values(std::string_view yaml) {
    std::string out;
    while (!yaml.empty()) {
        const auto take = [&yaml] {
            const std::string_view line = yaml.substr(0, yaml.find('\n'));
            yaml.remove_prefix(std::min(yaml.size(), line.size() + 1));
            return line;
        };
        const std::string_view text = take();
        Line line = split(text);
        if (line.key.empty() || !is_plain(line.value)) {
            out.append(text).append("\n");
            continue;
        }
        while (!yaml.empty() && (yaml[0] == ' ' || yaml[0] == '\t'))  // the value goes on
            line.value.append(" ").append(trimmed(take()));
        out.append(line.key).append(" ");
        out.append(needs_quotes(line.value) ? quoted(line.value) : line.value).append("\n");
    }
    return out;
}

}  // namespace tenon::front_matter
