#include "host/model/sse.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "host/base/json.h"
#include "host/base/utf8.h"

namespace tenon::model {
namespace {

/// Finds line ends. Remembers the positions of the next \n and the next \r: else a chunk with only
/// one of them would be searched to its end for the other one on every line.
class LineEnds {
public:
    explicit LineEnds(std::string_view bytes) : bytes_(bytes) {}

    std::size_t next(std::size_t from) {
        if (newline_ < from || first_) newline_ = find('\n', from);
        if (return_ < from || first_) return_ = find('\r', from);
        first_ = false;
        return newline_ < return_ ? newline_ : return_;
    }

private:
    [[nodiscard]] std::size_t find(char c, std::size_t from) const {
        if (from >= bytes_.size()) return bytes_.size();
        const void* at = std::memchr(bytes_.data() + from, c, bytes_.size() - from);
        return at == nullptr
                   ? bytes_.size()
                   : static_cast<std::size_t>(static_cast<const char*>(at) - bytes_.data());
    }

    std::string_view bytes_;
    std::size_t newline_ = 0;
    std::size_t return_ = 0;
    bool first_ = true;
};

/// Whether data is what an event of a wire format has.
bool is_whole_data(std::string_view data) {
    if (data == "[DONE]") return true;
    const bool is_closed = data.starts_with('{') && data.ends_with('}');
    return is_closed && parse_json(data).ok();
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

}  // namespace

Result<void> SseParser::feed(std::string_view bytes, const OnEvent& on_event) {
    const auto too_long = [this] {
        failed_ = true;
        return Error{"server-sent event longer than " + std::to_string(max_) + " bytes"};
    };
    if (failed_) return too_long();
    LineEnds ends(bytes);
    std::size_t at = 0;
    while (at < bytes.size()) {
        if (skip_newline_) {
            skip_newline_ = false;
            if (bytes[at] == '\n') {
                ++at;
                continue;
            }
        }
        const std::size_t end = ends.next(at);
        const std::string_view piece = bytes.substr(at, end - at);
        if (partial_.size() + data_.size() + piece.size() > max_) return too_long();
        if (end == bytes.size()) {
            partial_.append(piece);
            break;
        }
        skip_newline_ = bytes[end] == '\r';
        at = end + 1;
        if (partial_.empty()) {
            take_line(piece, on_event);
        } else {
            partial_.append(piece);
            take_line(partial_, on_event);
            partial_.clear();
        }
    }
    return {};
}

void SseParser::end(const OnEvent& on_event) {
    if (std::exchange(failed_, true)) return;
    if (!partial_.empty()) take_line(std::exchange(partial_, {}), on_event);
    if (!has_data_) return;
    if (is_whole_data(data_)) return take_line({}, on_event);
    const std::vector<std::string_view> lines = lines_of(data_);
    if (!std::all_of(lines.begin(), lines.end(), is_whole_data)) return;
    for (const std::string_view line : lines)
        on_event({"message", line});
}

void SseParser::take_line(std::string_view line, const OnEvent& on_event) {
    if (first_line_) line = utf8::without_byte_order_mark(line);
    first_line_ = false;
    if (line.empty()) {
        if (has_data_) on_event({name_.empty() ? "message" : std::string_view(name_), data_});
        name_.clear();
        data_.clear();
        has_data_ = false;
        return;
    }
    const std::size_t colon = line.find(':');
    const std::string_view field = line.substr(0, colon);
    std::string_view value = colon == line.npos ? std::string_view{} : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
        if (has_data_) data_ += '\n';
        data_.append(value);
        has_data_ = true;
    } else if (field == "event") {
        name_.assign(value);
    } else if (field == "error" && value.starts_with('{')) {
        name_ = field;
        data_.assign(value);
        has_data_ = true;
    }
}

}  // namespace tenon::model
