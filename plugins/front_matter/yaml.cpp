#include "plugins/front_matter/yaml.h"

#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace tenon::front_matter {
namespace {

/// Collects the outermost mapping from the parser's events. The library's nodes would be made for
/// everything in the file, and aliases in them could be followed without end.
class Collector final : public YAML::EventHandler {
public:
    [[nodiscard]] std::optional<Fields> take() {
        if (!is_mapping_) return std::nullopt;
        return std::move(fields_);
    }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override { leaf(FieldType::kNothing, {}); }
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override { leaf(FieldType::kOther, {}); }
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  const std::string& value) override {
        leaf(FieldType::kText, value);
    }
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        open(FieldType::kTexts);
    }
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {
        if (depth_ == 0) is_mapping_ = true;
        open(FieldType::kOther);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

private:
    // Depth 1 is the mapping: keys and values in turn. Depth 2 is within a value, or within a key
    // that is not text, which is ignored.
    void leaf(FieldType type, const std::string& text) {
        if (depth_ == 1 && !key_) {
            key_ = type == FieldType::kText ? text : std::string();
        } else if (depth_ == 1) {
            set({type, text, {}});
        } else if (depth_ == 2 && value_.type == FieldType::kTexts) {
            if (type == FieldType::kText) value_.texts.push_back(text);
            if (type == FieldType::kOther) value_.type = type;
        }
    }
    void open(FieldType type) {
        ++depth_;
        if (depth_ == 2) value_ = {type, {}, {}};
        if (depth_ == 3) value_.type = FieldType::kOther;
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

}  // namespace tenon::front_matter
