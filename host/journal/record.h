#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::journal {

/// One line of a journal, a JSON object, parsed as far as somebody asks: most of a journal's bytes
/// stand in a few long strings that go on into requests as they are. The line must outlive it.
class Record {
public:
    /// The Error says where the line is damaged.
    static Result<Record> read(std::string_view line);

    /// A member of the given type, or what stands for none.
    [[nodiscard]] std::string string(const char* key) const;
    [[nodiscard]] std::int64_t integer(const char* key, std::int64_t otherwise) const {
        return integer_or(members_, key, otherwise);
    }
    [[nodiscard]] bool boolean(const char* key, bool otherwise) const {
        return bool_or(members_, key, otherwise);
    }
    [[nodiscard]] std::vector<std::string> strings(const char* key) const;
    /// Null when there is none, or a string.
    [[nodiscard]] const Json& value(const char* key) const;

    [[nodiscard]] bool has(std::string_view key) const { return raw_.count(key) > 0; }
    /// The member as it stands in the line; empty: there is none.
    [[nodiscard]] std::string_view raw(std::string_view key) const;
    /// The same of a string, quotes included; empty when it is of another type.
    [[nodiscard]] std::string_view quoted(std::string_view key) const;

private:
    Json members_;  // all but the strings
    std::map<std::string_view, std::string_view> raw_;
};

}  // namespace tenon::journal
