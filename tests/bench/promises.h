#pragma once

#include <iosfwd>
#include <map>
#include <string>

namespace tenon::bench {

/// Counter → value, and measurement → its counters.
using Figures = std::map<std::string, std::map<std::string, double>>;

/// The table of what was measured beside what is promised; what was not measured is left out.
/// Returns how many promises do not hold.
int print_promises(std::ostream& out, const Figures& figures);

}  // namespace tenon::bench
