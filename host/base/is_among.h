#pragma once

#include <algorithm>
#include <iterator>

namespace tenon {

/// Whether one element of `list` equals `value`.
template <class List, class Value>
bool is_among(const List& list, const Value& value) {
    return std::find(std::begin(list), std::end(list), value) != std::end(list);
}

}  // namespace tenon
