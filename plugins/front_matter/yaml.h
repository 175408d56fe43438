#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::front_matter {

/// Numbers and truth values are texts. Maps, nested lists and aliases are `kOther`. Aliases are
/// never followed, so that no file can grow while it is read.
enum class FieldType { kNothing, kText, kTexts, kOther };

/// The value of a key of the front matter, as far as the plugins use it.
struct Field {
    FieldType type = FieldType::kNothing;
    std::string text;
    std::vector<std::string> texts;
};
using Fields = std::map<std::string, Field, std::less<>>;

/// The keys of one YAML mapping; of a key that occurs twice the last counts. On failure `problem`
/// says what is wrong and in which line of `yaml`.
struct Yaml {
    std::optional<Fields> fields;
    std::string problem;
};
Yaml read_yaml(const std::string& yaml);

}  // namespace tenon::front_matter
