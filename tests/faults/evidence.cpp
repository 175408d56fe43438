#include "tests/faults/evidence.h"

#include <fstream>

namespace tenon::faults {

Evidence read_evidence(const std::filesystem::path& workspace) {
    Evidence evidence;
    std::ifstream in(workspace / "ran");
    Attempt attempt;
    char point = 0;
    for (std::string word; in >> attempt.number >> point >> attempt.attempt >> word;) {
        Trace& trace = evidence[attempt];
        int exit_code = 0;
        if (word == "begun") {
            ++trace.begun;
        } else if (in >> exit_code) {
            trace.exit_code = exit_code;
        }
    }
    return evidence;
}

}  // namespace tenon::faults
