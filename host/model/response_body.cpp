#include "host/model/response_body.h"

#include <charconv>
#include <sstream>

#include <Poco/InflatingStream.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/String.h>

#include "host/model/server_error.h"

namespace tenon::model {
namespace {

constexpr std::size_t kMaxSizeDigits = 15;
constexpr int kZlibOrGzip = 15 + 32;  // the largest window, header recognised (zlib.h)
constexpr char kGzipMagic = '\x1F';   // begins neither JSON nor an event nor HTML

}  // namespace

BodyFraming::BodyFraming(const Poco::Net::HTTPResponse& response) {
    if (response.has("Transfer-Encoding") &&
        Poco::icompare(Poco::trim(response.get("Transfer-Encoding")), "chunked") == 0) {
        end_kind_ = BodyEnd::kChunked;
    } else if (response.hasContentLength()) {
        end_kind_ = BodyEnd::kLength;
        const Poco::Int64 length = response.getContentLength64();
        left_ = length < 0 ? 0 : static_cast<std::uint64_t>(length);
        whole_ = left_ == 0;
    }
}

bool BodyFraming::feed(std::string_view wire, std::string& body) {
    while (!wire.empty() && !whole_) {
        if (end_kind_ != BodyEnd::kChunked || field_ == ChunkField::kData) {
            wire = take_data(wire, body);
        } else {
            if (!take_char(wire.front())) return false;
            wire.remove_prefix(1);
        }
    }
    overrun_ = overrun_ || !wire.empty();
    return true;
}

std::string_view BodyFraming::take_data(std::string_view wire, std::string& body) {
    const std::string_view mine = end_kind_ == BodyEnd::kUntilClose
                                      ? wire
                                      : wire.substr(0, std::min<std::uint64_t>(left_, wire.size()));
    body.append(mine);
    if (end_kind_ == BodyEnd::kUntilClose) return {};
    left_ -= mine.size();
    if (left_ == 0 && end_kind_ == BodyEnd::kLength) whole_ = true;
    if (left_ == 0) field_ = ChunkField::kSize;
    return wire.substr(mine.size());
}

/// Takes one byte of framing: of the line with the size of a chunk, or of the trailer.
bool BodyFraming::take_char(char c) {
    const bool blank = c == ' ' || c == '\t' || c == '\r';
    if (field_ == ChunkField::kTrailer) {
        if (c == '\n' && line_is_empty_) whole_ = true;
        if (c != '\r') line_is_empty_ = c == '\n';
        return true;
    }
    if (c == '\n') return end_size_line();
    if (field_ == ChunkField::kExtension) return true;
    if (c == ';' || (blank && !size_.empty())) {
        field_ = ChunkField::kExtension;
        return !size_.empty();
    }
    if (blank) return true;
    size_ += c;
    return size_.size() <= kMaxSizeDigits;
}

bool BodyFraming::end_size_line() {
    if (size_.empty()) return true;  // the line end after the data of a chunk
    const char* end = size_.data() + size_.size();
    const auto [at, error] = std::from_chars(size_.data(), end, left_, 16);
    if (error != std::errc{} || at != end) return false;
    size_.clear();
    field_ = left_ == 0 ? ChunkField::kTrailer : ChunkField::kData;
    line_is_empty_ = true;
    return true;
}

struct ContentDecoder::Inflater {
    std::ostringstream out;
    Poco::InflatingOutputStream in{out, kZlibOrGzip};
    std::string text;
};

ContentDecoder::ContentDecoder(std::string_view content_encoding)
    : coding_(Poco::toLower(Poco::trim(std::string(content_encoding)))) {}

ContentDecoder::~ContentDecoder() = default;

bool ContentDecoder::knows_coding() const {
    return coding_.empty() || coding_ == "identity" || coding_ == "gzip" || coding_ == "x-gzip" ||
           coding_ == "deflate";
}

Result<std::string_view> ContentDecoder::feed(std::string_view bytes) {
    if (bytes.empty()) return bytes;
    if (!begun_) {
        begun_ = true;
        if (!knows_coding()) {
            return Error{"the response is compressed as \"" + excerpt(coding_, 40) +
                         "\", which was not asked for: the server, or a proxy on the way, must "
                         "send it as it is"};
        }
        // Some bodies are not compressed in spite of their header.
        if (bytes.front() == kGzipMagic || coding_ == "deflate")
            inflater_ = std::make_unique<Inflater>();
    }
    if (!inflater_) return bytes;
    inflater_->in.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    inflater_->in.flush();
    if (!inflater_->in.good()) return Error{"the response cannot be decompressed"};
    inflater_->text = inflater_->out.str();
    inflater_->out.str("");
    return std::string_view(inflater_->text);
}

}  // namespace tenon::model
