#include "host/plugin/wire.h"

#include <cstring>

namespace tenon::plugin {
namespace {

class Packer {
public:
    Packer& number(std::uint64_t value) { return raw(&value, sizeof value); }
    Packer& text(std::string_view value) {
        size(value.size());
        return raw(value.data(), value.size());
    }
    template <class List, class Each>
    Packer& list(const List& values, Each each) {
        size(values.size());
        for (const auto& value : values)
            each(*this, value);
        return *this;
    }
    Packer& texts(const std::vector<std::string>& values) {
        return list(values, [](Packer& to, const std::string& value) { to.text(value); });
    }
    std::string done() { return std::move(out_); }

private:
    void size(std::size_t value) {
        const auto size32 = static_cast<std::uint32_t>(value);  // a message is shorter than 4 GiB
        raw(&size32, sizeof size32);
    }
    Packer& raw(const void* bytes, std::size_t count) {
        out_.append(static_cast<const char*>(bytes), count);
        return *this;
    }
    std::string out_;
};

/// After the first member that is missing, all members are empty and `is_whole` is false.
class Unpacker {
public:
    explicit Unpacker(std::string_view bytes) : left_(bytes) {}

    std::uint64_t number() {
        std::uint64_t value = 0;
        read(&value, sizeof value);
        return value;
    }
    std::string text() {
        const std::size_t count = size();
        if (count > left_.size()) return fail();
        std::string out(left_.substr(0, count));
        left_.remove_prefix(count);
        return out;
    }
    std::vector<std::string> texts() {
        std::vector<std::string> out;
        for (std::size_t count = size(); count > 0 && fine_; --count)
            out.push_back(text());
        return out;
    }
    std::size_t size() {
        std::uint32_t value = 0;
        read(&value, sizeof value);
        return value;
    }
    [[nodiscard]] bool is_fine() const { return fine_; }
    [[nodiscard]] bool is_whole() const { return fine_ && left_.empty(); }

private:
    void read(void* to, std::size_t count) {
        if (count > left_.size()) {
            fail();
            return;
        }
        std::memcpy(to, left_.data(), count);
        left_.remove_prefix(count);
    }
    std::string fail() {
        fine_ = false;
        left_ = {};
        return {};
    }
    std::string_view left_;
    bool fine_ = true;
};

template <class T>
std::optional<T> if_whole(const Unpacker& from, T value) {
    if (!from.is_whole()) return std::nullopt;
    return value;
}

constexpr std::uint64_t kLastHook = static_cast<std::uint64_t>(Hook::kTasks);

bool is_code(std::uint64_t value) {
    return value <= TENON_FAULT;
}

}  // namespace

std::string encode(const LoadOrder& order) {
    const Confinement& c = order.confinement;
    return Packer()
        .number(order.protocol)
        .text(order.id)
        .text(c.library)
        .text(c.plugin_dir)
        .text(c.state_dir)
        .text(c.workspace)
        .number(c.network ? 1 : 0)
        .number(c.exec ? 1 : 0)
        .texts(c.read)
        .texts(c.write)
        .texts(c.hidden)
        .number(c.unconfined ? 1 : 0)
        .number(order.confine ? 1 : 0)
        .number(order.max_result_bytes)
        .done();
}

template <>
std::optional<LoadOrder> decode(std::string_view bytes) {
    Unpacker from(bytes);
    LoadOrder order;
    order.protocol = from.number();
    if (order.protocol != kProtocol) return order;  // what follows may have another form
    order.id = from.text();
    Confinement& c = order.confinement;
    c.library = from.text();
    c.plugin_dir = from.text();
    c.state_dir = from.text();
    c.workspace = from.text();
    c.network = from.number() != 0;
    c.exec = from.number() != 0;
    c.read = from.texts();
    c.write = from.texts();
    c.hidden = from.texts();
    c.unconfined = from.number() != 0;
    order.confine = from.number() != 0;
    order.max_result_bytes = from.number();
    return if_whole(from, std::move(order));
}

std::string encode(const Hello& hello) {
    return Packer().text(hello.version).text(hello.config_schema).done();
}

template <>
std::optional<Hello> decode(std::string_view bytes) {
    Unpacker from(bytes);
    Hello hello;
    hello.version = from.text();
    hello.config_schema = from.text();
    return if_whole(from, std::move(hello));
}

std::string encode(const InstanceOptions& options) {
    return Packer()
        .text(options.id)
        .text(options.plugin_dir)
        .text(options.workspace)
        .text(options.config)
        .text(options.state_dir)
        .done();
}

template <>
std::optional<InstanceOptions> decode(std::string_view bytes) {
    Unpacker from(bytes);
    InstanceOptions options;
    options.id = from.text();
    options.plugin_dir = from.text();
    options.workspace = from.text();
    options.config = from.text();
    options.state_dir = from.text();
    return if_whole(from, std::move(options));
}

std::string encode(const Listing& listing) {
    return Packer()
        .list(listing.tools,
              [](Packer& to, const ToolDeclaration& tool) {
                  to.text(tool.name)
                      .text(tool.description)
                      .text(tool.input_schema)
                      .number(tool.flags)
                      .text(tool.facts);
              })
        .list(listing.hooks,
              [](Packer& to, Hook hook) { to.number(static_cast<std::uint64_t>(hook)); })
        .done();
}

template <>
std::optional<Listing> decode(std::string_view bytes) {
    Unpacker from(bytes);
    Listing listing;
    for (std::size_t count = from.size(); count > 0 && from.is_fine(); --count) {
        ToolDeclaration tool;
        tool.name = from.text();
        tool.description = from.text();
        tool.input_schema = from.text();
        tool.flags = static_cast<std::uint32_t>(from.number());
        tool.facts = from.text();
        listing.tools.push_back(std::move(tool));
    }
    for (std::size_t count = from.size(); count > 0 && from.is_fine(); --count) {
        const std::uint64_t hook = from.number();
        if (hook > kLastHook) return std::nullopt;
        listing.hooks.push_back(static_cast<Hook>(hook));
    }
    if (listing.tools.size() > kMaxTools) return std::nullopt;
    return if_whole(from, std::move(listing));
}

std::string encode(const Refusal& refusal) {
    return Packer().text(refusal.reason).text(refusal.remedy).done();
}

template <>
std::optional<Refusal> decode(std::string_view bytes) {
    Unpacker from(bytes);
    Refusal refusal;
    refusal.reason = from.text();
    refusal.remedy = from.text();
    return if_whole(from, std::move(refusal));
}

std::string encode(const Invocation& invocation) {
    return Packer()
        .text(invocation.tool)
        .text(invocation.arguments)
        .number(invocation.deadline_ns)
        .done();
}

template <>
std::optional<Invocation> decode(std::string_view bytes) {
    Unpacker from(bytes);
    Invocation invocation;
    invocation.tool = from.text();
    invocation.arguments = from.text();
    invocation.deadline_ns = from.number();
    return if_whole(from, std::move(invocation));
}

std::string encode(const ServiceCall& call) {
    return Packer().number(call.call).text(call.method).text(call.params).text(call.body).done();
}

template <>
std::optional<ServiceCall> decode(std::string_view bytes) {
    Unpacker from(bytes);
    ServiceCall call;
    call.call = static_cast<std::uint32_t>(from.number());
    call.method = from.text();
    call.params = from.text();
    call.body = from.text();
    return if_whole(from, std::move(call));
}

std::string encode(const ServiceAnswer& answer) {
    return Packer().number(static_cast<std::uint64_t>(answer.rc)).text(answer.out).done();
}

template <>
std::optional<ServiceAnswer> decode(std::string_view bytes) {
    Unpacker from(bytes);
    const std::uint64_t rc = from.number();
    ServiceAnswer answer{static_cast<tenon_rc>(rc), from.text()};
    if (!is_code(rc)) return std::nullopt;
    return if_whole(from, std::move(answer));
}

std::string encode(const HookCall& call) {
    return Packer().number(static_cast<std::uint64_t>(call.hook)).text(call.input).done();
}

template <>
std::optional<HookCall> decode(std::string_view bytes) {
    Unpacker from(bytes);
    const std::uint64_t hook = from.number();
    HookCall call{static_cast<Hook>(hook), from.text()};
    if (hook > kLastHook) return std::nullopt;
    return if_whole(from, std::move(call));
}

std::string encode(const LogLine& line) {
    return Packer().number(static_cast<std::uint64_t>(line.level)).text(line.message).done();
}

template <>
std::optional<LogLine> decode(std::string_view bytes) {
    Unpacker from(bytes);
    LogLine line;
    line.level = static_cast<int>(from.number());
    line.message = from.text();
    return if_whole(from, std::move(line));
}

std::string encode_code(tenon_rc rc) {
    return Packer().number(static_cast<std::uint64_t>(rc)).done();
}

std::optional<tenon_rc> decode_code(std::string_view bytes) {
    Unpacker from(bytes);
    const std::uint64_t rc = from.number();
    if (!is_code(rc) || !from.is_whole()) return std::nullopt;
    return static_cast<tenon_rc>(rc);
}

}  // namespace tenon::plugin
