#pragma once

namespace tenon::ui {

/// One visitor made of a function for each case.
template <class... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace tenon::ui
