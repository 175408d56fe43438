#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/json.h"
#include "host/base/result.h"

/// What a sandboxed process may do, as plain values. Not responsible for enforcing it.
namespace tenon::sandbox {

/// In order of strictness.
enum class Mode { kOff, kWorkspace, kReadOnly };
enum class Network { kNone, kLoopback, kFull };

std::string_view to_string(Mode mode);
std::string_view to_string(Network network);
std::optional<Mode> mode_from(std::string_view text);
std::optional<Network> network_from(std::string_view text);

/// Something that a kernel may lack, or that a machine's configuration may forbid.
enum class Gap {
    kLandlock,        ///< no Landlock at all
    kSeccomp,         ///< no seccomp filters
    kMountNamespace,  ///< no mount namespace may be made
    kTruncate,        ///< Landlock before ABI 3; matters only without a mount namespace
    kSignals,         ///< Landlock before ABI 6
};
inline constexpr Gap kAllGaps[] = {Gap::kLandlock, Gap::kSeccomp, Gap::kMountNamespace,
                                   Gap::kTruncate, Gap::kSignals};
/// Its name in records.
std::string_view to_string(Gap gap);
/// For people: what is missing, and what is therefore not enforced.
std::string_view describe(Gap gap);
/// Several, joined by "; ".
std::string describe(const std::vector<Gap>& gaps);

/// Every path is absolute and without symbolic links where it exists.
struct Policy {
    Mode mode = Mode::kOff;
    Network network = Network::kNone;
    std::string workspace;
    /// Directories beneath which files may be written, in addition to the temporary directory and
    /// devices. Not used in read-only mode.
    std::vector<std::string> writable;
    /// These paths, and what is beneath them, may not be read.
    std::vector<std::string> denied_reads;
    /// These paths may never be written, even inside a writable directory, and even if they do not
    /// exist yet.
    std::vector<std::string> protected_paths;
    /// What may be missing: this was found, and reported, before the command was submitted.
    std::vector<Gap> tolerated;

    [[nodiscard]] bool is_on() const { return mode != Mode::kOff; }
};

/// The member `containment` of job.json, with a version of its own.
Json encode(const Policy& policy);
/// The Error names the member. A higher version and an unknown mode, network or gap are errors: a
/// policy that is not wholly understood must not be applied in part.
Result<Policy> decode(const Json& object);

}  // namespace tenon::sandbox
