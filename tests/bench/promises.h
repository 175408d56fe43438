#pragma once

#include <iosfwd>
#include <map>
#include <string>

namespace tenon::bench {

/// Measurement → counter → value.
using Figures = std::map<std::string, std::map<std::string, double>>;

/// Prints a table of measured and promised values, without those that were not measured. Returns
/// how many promises do not hold.
int print_promises(std::ostream& out, const Figures& figures);

}  // namespace tenon::bench
