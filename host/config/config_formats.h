#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/config/config_file.h"

/// The two formats behind parse_config, which has checked the bytes: no NUL, valid UTF-8, no byte
/// order mark, at most kMaxConfigBytes.
namespace tenon::config {

/// `<tenon>` with nested elements: `<model><name>x</name></model>` is `model.name`. Elements have
/// no attributes but `final="true"`, which locks the key or the section, and `xmlns…` and `xml:…`,
/// which are ignored. They hold text or elements, not both. An empty element that is final sets
/// nothing. The elements <fallback> of a file have numbers, the first is `model.fallback.1`.
Result<ConfigFile> parse_xml(const std::string& file, std::string_view text);

/// A comment line that says: values with backslashes have been checked since they are read raw.
constexpr std::string_view kRawValues = "# backslashes checked";

/// As the first line of a file of properties: a backslash in a value begins an escape. Tenon's own
/// file says so (rule_file), since its values may be of several lines.
constexpr std::string_view kEscapedValues = "# values are escaped: \\\\ \\n \\r";
/// The value as such a file holds it, in one line.
std::string escaped_value(std::string_view value);

/// `key = value` or `key: value` a line, `#` and `!` comments. Blanks around key and value do not
/// count; the value is the rest of the line, byte for byte: a backslash is a backslash. Only at
/// the end of a line one backslash (an odd number of them) is left out and continues the line with
/// the next. Earlier versions read `\t \r \n \f` and `\x` as escapes: a value that this changes is
/// warned of, unless the file has the line kRawValues. In a file that begins with the line
/// kEscapedValues `\\` is a backslash, `\n` a line feed and `\r` a carriage return instead, and
/// another escape is a problem.
Result<ConfigFile> parse_properties(const std::string& file, std::string_view text);

/// Collects problems of one file without letting a hostile one fill the terminal.
class ProblemList {
public:
    void add(std::string problem);
    /// All problems; of too many, the first ones and how many more there are.
    std::vector<std::string> take(const std::string& file) &&;

private:
    static constexpr std::size_t kListed = 50;
    std::vector<std::string> problems_;
    std::size_t count_ = 0;
};

}  // namespace tenon::config
