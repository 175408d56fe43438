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

/// The body of an HTTP/1.1 response out of the bytes on the wire. No I/O; one thread.
namespace tenon::model {

/// Where a body ends (RFC 9112, section 6): after so many bytes, with a last chunk, or with the
/// connection. Unlike Poco's streams it knows a body that was cut from a whole one.
class BodyFraming {
public:
    explicit BodyFraming(const Poco::Net::HTTPResponse& response);

    /// Appends what of `wire` belongs to the body. False: the chunks are malformed.
    bool feed(std::string_view wire, std::string& body);
    /// The connection has ended.
    void end() { whole_ = whole_ || end_kind_ == BodyEnd::kUntilClose; }
    /// Everything has come. The next response may follow on the connection, unless `overrun`.
    [[nodiscard]] bool whole() const { return whole_; }
    /// Bytes came behind the end.
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

/// The content coding of a body. Identity is asked for; some servers and proxies compress all the
/// same.
class ContentDecoder {
public:
    explicit ContentDecoder(std::string_view content_encoding);
    ~ContentDecoder();
    ContentDecoder(const ContentDecoder&) = delete;
    ContentDecoder& operator=(const ContentDecoder&) = delete;

    /// What the bytes stand for, as far as it can be known; valid until the next call. Errors: a
    /// coding that is not known, or malformed data.
    Result<std::string_view> feed(std::string_view bytes);
    [[nodiscard]] bool knows_coding() const;
    /// How many bytes to feed at once: a few may stand for a thousand times as many.
    static constexpr std::size_t kPiece = 4096;

private:
    struct Inflater;
    std::string coding_;
    std::unique_ptr<Inflater> inflater_;
    bool begun_ = false;
};

}  // namespace tenon::model
