// frame_fuzz [SEED] [COUNT]
//
// Feeds the reader of frames, and the decoders behind it, with frames that are damaged in all ways,
// cut at random places. A case fails when a message is lost or invented, when the reader keeps more
// than it was given, or when the program crashes. No library: the generator is splitmix64.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "host/plugin/frame.h"
#include "host/plugin/wire.h"

namespace {

using namespace tenon::plugin;

class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31U);
    }
    std::uint64_t below(std::uint64_t limit) { return next() % limit; }
    bool once_in(std::uint64_t cases) { return below(cases) == 0; }
    std::string bytes(std::size_t count) {
        std::string out(count, '\0');
        for (char& byte : out)
            byte = static_cast<char>(next());
        return out;
    }

private:
    std::uint64_t state_;
};

constexpr FrameType kTypes[] = {FrameType::kHello,   FrameType::kTools,  FrameType::kRefused,
                                FrameType::kDone,    FrameType::kWrite,  FrameType::kProgress,
                                FrameType::kLog,     FrameType::kResult, FrameType::kRequest,
                                FrameType::kHookText};

std::string payload_for(FrameType type, Random& random) {
    const auto text = [&] { return random.bytes(random.below(12)); };
    switch (type) {
        case FrameType::kHello:
            return encode(Hello{text(), text()});
        case FrameType::kTools:
            return encode(Listing{{{text(), text(), text(), 1, text()}}, {Hook::kRemind}});
        case FrameType::kRefused:
            return encode(Refusal{text(), text()});
        case FrameType::kLog:
            return encode(LogLine{1, text()});
        case FrameType::kResult:
            return encode_code(static_cast<tenon_rc>(random.below(8)));
        case FrameType::kRequest:
            return encode(ServiceCall{1, text(), text(), text()});
        default:
            return text();
    }
}

/// Every decoder on every payload: which one is right depends on what came before.
void decode_all(const std::string& payload) {
    (void)decode<LoadOrder>(payload);
    (void)decode<Hello>(payload);
    (void)decode<InstanceOptions>(payload);
    (void)decode<Listing>(payload);
    (void)decode<Refusal>(payload);
    (void)decode<Invocation>(payload);
    (void)decode<ServiceCall>(payload);
    (void)decode<ServiceAnswer>(payload);
    (void)decode<HookCall>(payload);
    (void)decode<LogLine>(payload);
    (void)decode_code(payload);
}

void damage(std::string& wire, Random& random) {
    for (std::uint64_t times = 1 + random.below(3); times > 0 && !wire.empty(); --times) {
        const std::size_t at = random.below(wire.size());
        switch (random.below(5)) {
            case 0:
                wire[at] = static_cast<char>(random.next());
                break;
            case 1:
                wire[at] = static_cast<char>(static_cast<unsigned char>(wire[at]) ^
                                             (1U << random.below(8)));
                break;
            case 2:
                wire.erase(at, 1 + random.below(8));
                break;
            case 3:
                wire.insert(at, random.bytes(1 + random.below(8)));
                break;
            default:
                std::memset(wire.data() + at, random.once_in(2) ? 0xFF : 0,
                            std::min<std::size_t>(4, wire.size() - at));
        }
    }
}

struct Read {
    std::vector<Message> messages;
    bool is_bad = false;
};

Read read_in_pieces(const std::string& wire, Random& random) {
    constexpr std::size_t kMaxMessage = 256;
    FrameReader reader(FrameSender::kPlugin, kMaxMessage);
    Read read;
    for (std::size_t at = 0; at < wire.size() && !read.is_bad;) {
        const std::size_t piece = std::min<std::size_t>(1 + random.below(40), wire.size() - at);
        reader.take(std::string_view(wire).substr(at, piece));
        at += piece;
        for (;;) {
            auto next = reader.next();
            if (!next) {
                read.is_bad = true;
                break;
            }
            if (!*next) break;
            if ((*next)->payload.size() > kMaxMessage) std::abort();
            read.messages.push_back(std::move(**next));
        }
    }
    return read;
}

bool run_case(Random& random) {
    std::vector<Message> sent;
    std::string wire;
    for (std::uint64_t count = 1 + random.below(4); count > 0; --count) {
        Message message;
        message.type = kTypes[random.below(std::size(kTypes))];
        message.id = static_cast<std::uint32_t>(random.next());
        message.payload = payload_for(message.type, random);
        append_message(wire, message.type, message.id, message.payload);
        sent.push_back(std::move(message));
    }
    const bool whole = random.once_in(4);
    if (!whole) damage(wire, random);
    const Read read = read_in_pieces(wire, random);
    for (const Message& message : read.messages)
        decode_all(message.payload);
    if (!whole) return true;
    const auto same = [](const Message& a, const Message& b) {
        return a.type == b.type && a.id == b.id && a.payload == b.payload;
    };
    return !read.is_bad &&
           std::equal(sent.begin(), sent.end(), read.messages.begin(), read.messages.end(), same);
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
    const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100'000;
    for (std::uint64_t i = 0; i < count; ++i) {
        Random random(seed + i);  // so that `frame_fuzz SEED 1` repeats one case
        if (!run_case(random)) {
            std::fprintf(stderr, "frame_fuzz %llu 1 fails\n",
                         static_cast<unsigned long long>(seed + i));
            return 1;
        }
    }
    std::printf("%llu cases, from seed %llu\n", static_cast<unsigned long long>(count),
                static_cast<unsigned long long>(seed));
    return 0;
}
