#pragma once

#include <string>

#include "host/base/json.h"

namespace tenon::testing {

/// A request with one thing changed. `pointer` is a JSON pointer to what gets `value`, JSON text;
/// with "-" before it, to what is removed; with "+", to the place where it is inserted.
inline Json changed(Json request, const std::string& pointer, const std::string& value) {
    if (pointer[0] != '-' && pointer[0] != '+') {
        request[Json::json_pointer(pointer)] = Json::parse(value);
        return request;
    }
    const Json::json_pointer at(pointer.substr(1));
    Json& parent = request[at.parent_pointer()];
    if (pointer[0] == '+') {
        parent.insert(parent.begin() + std::stol(at.back()), Json::parse(value));
    } else if (parent.is_array()) {
        parent.erase(std::stoul(at.back()));
    } else {
        parent.erase(at.back());
    }
    return request;
}

}  // namespace tenon::testing
