#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::front_matter {

/// Numbers and truth values are texts. Maps, nested lists and references to other places are
/// `kOther`: they are never followed, so that no file can grow while it is read.
enum class FieldType { kNothing, kText, kTexts, kOther };

/// What a key of the front matter holds, as far as anybody asks for it.
struct Field {
    FieldType type = FieldType::kNothing;
    std::string text;
    std::vector<std::string> texts;
};
using Fields = std::map<std::string, Field, std::less<>>;

/// The keys of one YAML mapping; of a key given twice the last counts. On failure `problem` says
/// what and in which line of `yaml`.
struct Yaml {
    std::optional<Fields> fields;
    std::string problem;
};
Yaml read_yaml(const std::string& yaml);

}  // namespace tenon::front_matter
