#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/mutex.h"
#include "host/base/result.h"
#include "host/base/unique_fd.h"

/// Frames between the host and tenon-plugin-host, over a stream socket. Both ends are programs of
/// one installation on one machine, so numbers are in the machine's own byte order:
///     u32 size of what follows (8 to kMaxFrameBytes) | u8 type | u8 flags | u16 zero | u32 id |
///     payload
/// A message that does not fit into one frame is cut into several frames, each but the last with
/// the flag kMoreFollows; no other frame comes between them.
namespace tenon::plugin {

enum class FrameType : std::uint8_t {
    // From the host.
    kLoad = 1,     ///< LoadOrder; answered by kHello or kRefused
    kCreate,       ///< InstanceOptions; answered by kTools or kRefused
    kListTools,    ///< answered by kTools or kRefused
    kInvoke,       ///< Invocation; `id` is that of the call
    kCancel,       ///< the call `id` is cancelled
    kReply,        ///< ServiceAnswer to the request `id`
    kHook,         ///< HookCall; answered by kHookText
    kReconfigure,  ///< configuration as JSON text; answered by kDone or kRefused
    kDestroy,      ///< destroy the instance and end
    // From the plugin.
    kHello = 33,  ///< Hello
    kTools,       ///< Listing
    kRefused,     ///< Refusal
    kDone,        ///< nothing
    kWrite,       ///< a part of the result of the call `id`, raw
    kProgress,    ///< raw text of the call `id`
    kLog,         ///< LogLine
    kResult,      ///< the call `id` has returned: its tenon_rc
    kRequest,     ///< ServiceCall; `id` is that of the request
    kHookText,    ///< what the hook has put, raw
};

enum class FrameSender { kHost, kPlugin };

constexpr std::size_t kMaxFrameBytes = 16U << 20U;  ///< what follows the size
constexpr std::size_t kMaxMessageBytes = 64U << 20U;

/// A whole message, of one frame or several.
struct Message {
    FrameType type{};
    std::uint32_t id = 0;
    std::string payload;
    bool has_descriptor = false;  ///< a descriptor came with its first byte (SCM_RIGHTS)
};

/// Appends the frames of one message to `out`.
void append_message(std::string& out, FrameType type, std::uint32_t id, std::string_view payload,
                    bool has_descriptor = false);

/// Puts messages together from bytes that come in pieces of any size. The bytes may be hostile: the
/// reader allocates in proportion to what has come and never to what a size claims. Not
/// thread-safe.
class FrameReader {
public:
    /// Takes only types that `sender` sends. A message of more than `max_message` bytes is an
    /// error.
    explicit FrameReader(FrameSender sender, std::size_t max_message = kMaxMessageBytes)
        : sender_(sender), max_message_(max_message) {}

    void take(std::string_view bytes) { buffer_.append(bytes); }
    /// The next whole message; none: more bytes are needed. An Error says how the frames break the
    /// rules; nothing can be read after it.
    Result<std::optional<Message>> next();

private:
    struct Header;
    [[nodiscard]] std::optional<Error> flaw_in(const Header& header) const;
    std::optional<Message> accept(const Header& header, std::string_view payload);
    void forget_what_was_read();

    const FrameSender sender_;
    const std::size_t max_message_;
    std::string buffer_;
    std::size_t at_ = 0;              // of the next frame in buffer_
    std::optional<Message> joining_;  // the parts that have come
};

/// Sends frames. Thread-safe: each call sends whole messages, and nothing comes between their
/// bytes. It never blocks. What the socket does not take is kept in memory until `flush`.
class FrameWriter {
public:
    explicit FrameWriter(int socket) : socket_(socket) {}

    /// `frames` is one or more whole messages. `descriptor` is sent with the first byte, and closed
    /// here afterwards. Once the connection has ended, everything is dropped.
    void send(std::string frames, UniqueFd descriptor = UniqueFd());
    /// Sends what is kept, as far as the socket takes it.
    void flush();
    /// How many bytes are kept.
    [[nodiscard]] std::size_t kept() const;
    /// Blocks until nothing is kept.
    void drain();
    /// Whether the connection was seen to have ended.
    [[nodiscard]] bool has_ended() const;

private:
    struct Piece {
        std::string bytes;
        std::size_t sent = 0;
        UniqueFd descriptor;
    };
    bool send_some(Piece& piece) TENON_REQUIRES(mutex_);

    const int socket_;
    mutable Mutex mutex_;
    std::deque<Piece> pieces_ TENON_GUARDED_BY(mutex_);
    std::size_t kept_ TENON_GUARDED_BY(mutex_) = 0;
    bool ended_ TENON_GUARDED_BY(mutex_) = false;
};

}  // namespace tenon::plugin
