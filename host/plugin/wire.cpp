#include "host/plugin/wire.h"

#include <concepts>
#include <cstring>
#include <type_traits>

namespace tenon::plugin {
namespace {

/// One description of a payload's members serves both ways: `members` hands them to a Packer or to
/// an Unpacker, in the order in which they are sent.
class Packer {
public:
    template <class... Members>
    void operator()(const Members&... members) {
        (put(members), ...);
    }
    std::string done() { return std::move(out_); }

private:
    void put(std::uint64_t value) { raw(&value, sizeof value); }
    void put(std::uint32_t value) { put(std::uint64_t{value}); }
    void put(int value) { put(static_cast<std::uint64_t>(value)); }
    void put(bool value) { put(std::uint64_t{value}); }
    void put(Hook value) { put(static_cast<std::uint64_t>(value)); }
    void put(const std::string& value) {
        size(value.size());
        raw(value.data(), value.size());
    }
    template <class T>
    void put(const std::vector<T>& values);
    template <class T>
    void put(const T& value);

    void size(std::size_t value) {
        const auto size32 = static_cast<std::uint32_t>(value);  // a message is shorter than 4 GiB
        raw(&size32, sizeof size32);
    }
    void raw(const void* bytes, std::size_t count) {
        out_.append(static_cast<const char*>(bytes), count);
    }
    std::string out_;
};

/// After the first member that is missing or is not valid, all members are empty and `is_whole` is
/// false.
class Unpacker {
public:
    explicit Unpacker(std::string_view bytes) : left_(bytes) {}

    template <class... Members>
    void operator()(Members&... members) {
        (get(members), ...);
    }
    [[nodiscard]] bool is_whole() const { return fine_ && left_.empty(); }

private:
    void get(std::uint64_t& value) { value = number(kAnyNumber); }
    void get(std::uint32_t& value) { value = static_cast<std::uint32_t>(number(kAnyU32)); }
    void get(int& value) {
        const std::uint64_t sent = number(kAnyNumber);
        value = static_cast<int>(sent);
        if (static_cast<std::uint64_t>(value) != sent) fail();
    }
    void get(bool& value) { value = number(kAnyNumber) != 0; }
    void get(Hook& value) { value = static_cast<Hook>(number(kLastHook)); }
    void get(std::string& value) {
        const std::size_t count = size();
        if (count > left_.size()) return fail();
        value.assign(left_.substr(0, count));
        left_.remove_prefix(count);
    }
    template <class T>
    void get(std::vector<T>& values) {
        for (std::size_t count = size(); count > 0 && fine_; --count)
            get(values.emplace_back());
    }
    void get(std::vector<ToolDeclaration>& tools) {
        for (std::size_t count = size(); count > 0 && fine_; --count) {
            if (tools.size() == kMaxTools) return fail();
            get(tools.emplace_back());
        }
    }
    template <class T>
    void get(T& value);

    static constexpr std::uint64_t kAnyNumber = ~std::uint64_t{0};
    static constexpr std::uint64_t kAnyU32 = ~std::uint32_t{0};
    static constexpr auto kLastHook = static_cast<std::uint64_t>(Hook::kPrompt);

    std::uint64_t number(std::uint64_t greatest) {
        std::uint64_t value = 0;
        read(&value, sizeof value);
        if (value <= greatest) return value;
        fail();
        return 0;
    }
    std::size_t size() {
        std::uint32_t value = 0;
        read(&value, sizeof value);
        return value;
    }
    void read(void* to, std::size_t count) {
        if (count > left_.size()) return fail();
        std::memcpy(to, left_.data(), count);
        left_.remove_prefix(count);
    }
    void fail() {
        fine_ = false;
        left_ = {};
    }
    std::string_view left_;
    bool fine_ = true;
};

/// `T`, or `const T` where it is packed.
template <class Member, class T>
concept Is = std::same_as<std::remove_const_t<Member>, T>;

void members(auto& each, Is<Confinement> auto& c) {
    each(c.library, c.plugin_dir, c.state_dir, c.workspace, c.network, c.exec, c.read, c.write,
         c.hidden, c.unconfined);
}
/// Without `protocol`, which comes first.
void members(auto& each, Is<LoadOrder> auto& order) {
    each(order.id, order.confinement, order.confine, order.max_result_bytes);
}
void members(auto& each, Is<Hello> auto& hello) {
    each(hello.version, hello.config_schema);
}
void members(auto& each, Is<InstanceOptions> auto& options) {
    each(options.id, options.plugin_dir, options.workspace, options.config, options.state_dir);
}
void members(auto& each, Is<ToolDeclaration> auto& tool) {
    each(tool.name, tool.description, tool.input_schema, tool.flags, tool.facts);
}
void members(auto& each, Is<Listing> auto& listing) {
    each(listing.tools, listing.hooks);
}
void members(auto& each, Is<Refusal> auto& refusal) {
    each(refusal.reason, refusal.remedy);
}
void members(auto& each, Is<Invocation> auto& invocation) {
    each(invocation.tool, invocation.arguments, invocation.deadline_ns);
}
void members(auto& each, Is<ServiceCall> auto& call) {
    each(call.call, call.method, call.params, call.body);
}
void members(auto& each, Is<ServiceAnswer> auto& answer) {
    each(answer.rc, answer.out);
}
void members(auto& each, Is<HookCall> auto& call) {
    each(call.hook, call.input);
}
void members(auto& each, Is<LogLine> auto& line) {
    each(line.level, line.message);
}

template <class T>
void Packer::put(const std::vector<T>& values) {
    size(values.size());
    for (const T& value : values)
        put(value);
}
template <class T>
void Packer::put(const T& value) {
    members(*this, value);
}
template <class T>
void Unpacker::get(T& value) {
    members(*this, value);
}

template <class T>
bool is_valid(const T& /*any*/) {
    return true;
}
bool is_valid(const ServiceAnswer& answer) {
    return answer.rc >= TENON_OK && answer.rc <= TENON_FAULT;
}

template <class T>
std::optional<T> if_whole(const Unpacker& from, T value) {
    if (!from.is_whole() || !is_valid(value)) return std::nullopt;
    return value;
}

}  // namespace

template <class T>
std::string encode(const T& payload) {
    Packer to;
    to(payload);
    return to.done();
}

template <class T>
std::optional<T> decode(std::string_view bytes) {
    Unpacker from(bytes);
    T payload;
    from(payload);
    return if_whole(from, std::move(payload));
}

template <>
std::string encode(const LoadOrder& order) {
    Packer to;
    to(order.protocol, order);
    return to.done();
}

template <>
std::optional<LoadOrder> decode(std::string_view bytes) {
    Unpacker from(bytes);
    LoadOrder order;
    from(order.protocol);
    if (order.protocol != kProtocol) return order;  // what follows may have another form
    from(order);
    return if_whole(from, std::move(order));
}

template std::string encode(const Hello&);
template std::string encode(const InstanceOptions&);
template std::string encode(const Listing&);
template std::string encode(const Refusal&);
template std::string encode(const Invocation&);
template std::string encode(const ServiceCall&);
template std::string encode(const ServiceAnswer&);
template std::string encode(const HookCall&);
template std::string encode(const LogLine&);
template std::optional<Hello> decode(std::string_view);
template std::optional<InstanceOptions> decode(std::string_view);
template std::optional<Listing> decode(std::string_view);
template std::optional<Refusal> decode(std::string_view);
template std::optional<Invocation> decode(std::string_view);
template std::optional<ServiceCall> decode(std::string_view);
template std::optional<ServiceAnswer> decode(std::string_view);
template std::optional<HookCall> decode(std::string_view);
template std::optional<LogLine> decode(std::string_view);

std::string encode_code(tenon_rc rc) {
    Packer to;
    to(rc);
    return to.done();
}

std::optional<tenon_rc> decode_code(std::string_view bytes) {
    Unpacker from(bytes);
    ServiceAnswer answer;
    from(answer.rc);
    if (!from.is_whole() || !is_valid(answer)) return std::nullopt;
    return answer.rc;
}

}  // namespace tenon::plugin
