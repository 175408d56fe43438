#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/result.h"

namespace Poco {
class InflatingOutputStream;
}
namespace Poco::Net {
class HTTPResponse;
}

/// Extracts the body of an HTTP/1.1 response from the bytes on the wire. No I/O; not thread-safe.
namespace tenon::model {

/// Finds the end of a body (RFC 9112, section 6): after a given length, at the last chunk, or when
/// the connection closes. Unlike Poco's streams it distinguishes a truncated body from a complete
/// one.
class BodyFraming {
public:
    explicit BodyFraming(const Poco::Net::HTTPResponse& response);

    /// Appends the part of `wire` that belongs to the body. False: the chunks are malformed.
    bool feed(std::string_view wire, std::string& body);
    /// The connection has ended.
    void end() { whole_ = whole_ || end_kind_ == BodyEnd::kUntilClose; }
    /// The body is complete. The connection can be used again, unless `overrun`.
    [[nodiscard]] bool whole() const { return whole_; }
    /// Bytes followed the end of the body.
    [[nodiscard]] bool overrun() const { return overrun_; }

private:
    enum class BodyEnd { kLength, kChunked, kUntilClose };
    enum class ChunkField { kSize, kExtension, kData, kTrailer };

    std::string_view take_data(std::string_view wire, std::string& body);
    bool take_char(char c);
    bool end_size_line();

    BodyEnd end_kind_ = BodyEnd::kUntilClose;
    ChunkField field_ = ChunkField::kSize;
    std::uint64_t left_ = 0;  // of the body, or of the chunk
    std::string size_;
    bool line_is_empty_ = true;
    bool whole_ = false;
    bool overrun_ = false;
};

/// Decodes the content coding of a body. The client asks for no compression, but some servers and
/// proxies compress anyway.
class ContentDecoder {
public:
    explicit ContentDecoder(std::string_view content_encoding);
    ~ContentDecoder();
    ContentDecoder(const ContentDecoder&) = delete;
    ContentDecoder& operator=(const ContentDecoder&) = delete;

    /// The bytes that can be decoded so far; valid until the next call. Errors: an unknown coding,
    /// or malformed data.
    Result<std::string_view> feed(std::string_view bytes);
    [[nodiscard]] bool knows_coding() const;
    /// The most bytes to feed at once, since decompression may multiply them by a thousand.
    static constexpr std::size_t kPiece = 4096;

private:
    struct Inflater;
    std::string coding_;
    std::unique_ptr<Inflater> inflater_;
    bool begun_ = false;
};

}  // namespace tenon::model
