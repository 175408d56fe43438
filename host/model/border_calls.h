#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/json.h"
#include "host/model/repairs.h"

/// The calls of an answer that comes in fragments. Servers number and name these in many ways.
namespace tenon::model {

/// More calls in one answer are a failure.
constexpr std::size_t kMaxCalls = 4096;

/// Much longer than an id that is kept in the conversation: calls and items are told apart by so
/// many bytes of the server's ids.
constexpr std::size_t kLongestServerId = 1024;

/// One fragment as the server sent it. Every value may be of any type, or null for none. The
/// values outlive the fragment.
struct CallFragment {
    const Json& index;
    const Json& id;
    const Json& name;
    const Json& arguments;       ///< a string: a piece of their text; an object: all of them
    std::size_t position = 0;    ///< in the list of fragments that came together
    std::size_t of = 1;          ///< how many came together
    bool whole = false;          ///< `arguments` are all arguments of the call
    std::string_view lost = {};  ///< text to insert before these arguments: see EventDataParser
    std::string_view kept = {};  ///< JSON object, see ContentBlock; empty: none
};

/// A call whose fragments have been put together.
struct CollectedCall {
    std::int64_t place = 0;
    std::size_t order = 0;
    std::optional<std::int64_t> index;
    std::string id;      // as received; any bytes
    std::string name;    // as received
    std::string joined;  // all pieces of the name
    std::string arguments;
    std::string kept;      // the last that was not empty
    std::size_t list = 0;  // of the last fragment: the number of the list that it came in

    /// Where the JSON text of the arguments is after what has arrived.
    struct Nesting {
        std::size_t depth = 0;
        bool in_string = false;
        bool escaped = false;
        bool begun = false;
    } nesting;
    [[nodiscard]] bool has_whole_arguments() const { return nesting.begun && nesting.depth == 0; }
};

/// Puts fragments together. What makes a new call: an index, or without one an id, that has not
/// been seen; under the index of an earlier call another id with a name, a name after whole
/// arguments, or before any arguments a name that does not continue the earlier one; and in one
/// list each fragment with a name. Not thread-safe.
class CallCollector {
public:
    /// `tools` is the JSON array of the request's tools; outlives the object. False: there are too
    /// many calls.
    bool take(std::int64_t place, std::size_t order, const CallFragment& fragment,
              std::string_view tools, Repairs& repairs);
    /// The calls in the order in which they began, without those that have neither a name nor
    /// arguments. A name is the one that is among `tools`, if its pieces can be joined in two ways.
    std::vector<CollectedCall> finish(std::string_view tools, Repairs& repairs);

private:
    struct Parts {
        std::optional<std::int64_t> index;
        std::string id;
        std::string name;
        std::string arguments;
        bool whole = false;
        bool is_end = false;  // of a call that has begun, as the format says
    };

    static Parts parts_of(const CallFragment& fragment, Repairs& repairs);
    CollectedCall* find(const Parts& parts, const CallFragment& fragment, Repairs& repairs);
    CollectedCall* find_by_index(const Parts& parts);
    CollectedCall* find_by_id(const std::string& id);
    bool is_another_of_its_list(const CollectedCall& call, const Parts& parts) const;
    static bool is_repetition(const CollectedCall& call, const Parts& parts);
    static bool begins_another(const CollectedCall& call, const Parts& parts,
                               std::string_view tools);
    static void add(CollectedCall& call, const Parts& parts, Repairs& repairs);
    static void add_name(CollectedCall& call, const std::string& name, Repairs& repairs);

    std::vector<CollectedCall> calls_;
    std::size_t last_ = 0;  // the call of the last fragment
    std::size_t list_ = 0;  // how many lists of fragments have come
};

/// Whether the request's tools, a JSON array, include one of this name.
bool is_tool_of(std::string_view tools, std::string_view name);

}  // namespace tenon::model
