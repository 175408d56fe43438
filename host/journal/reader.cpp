#include "host/journal/reader.h"

#include <algorithm>
#include <functional>

namespace tenon::journal {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::string_view kBegin = R"({"v":1,"seq":)";  // of each record that this version writes

/// Whether a line without its end is a record that was being written: nothing relied on it yet.
bool is_cut_off_record(std::string_view line) {
    const std::size_t known = std::min(line.size(), kBegin.size());
    return line.substr(0, known) == kBegin.substr(0, known) &&
           line.find('\0') == std::string_view::npos;
}

/// The parts of a line between NUL bytes, at least one. No record holds a NUL; a crash of the
/// machine leaves them where something had not reached the disk.
std::vector<std::string_view> parts_between_nuls(std::string_view line) {
    std::vector<std::string_view> parts;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find('\0'), line.size());
        if (end > 0) parts.push_back(line.substr(0, end));
        line.remove_prefix(std::min(line.find_first_not_of('\0', end), line.size()));
    }
    if (parts.empty()) parts.emplace_back();
    return parts;
}

/// The type of a record that begins as this version writes it; none: it must be parsed.
std::optional<RecordType> type_at_begin(std::string_view line) {
    constexpr std::string_view kKey = R"(,"type":")";
    if (!line.starts_with(kBegin)) return std::nullopt;
    line.remove_prefix(std::min(line.find_first_not_of("0123456789", kBegin.size()), line.size()));
    if (!line.starts_with(kKey)) return std::nullopt;
    line.remove_prefix(kKey.size());
    const auto end = line.find('"');
    if (end == std::string_view::npos) return std::nullopt;
    return record_type(line.substr(0, end));
}

}  // namespace

Reader::Reader(JournalLines lines, std::filesystem::path path,
               std::initializer_list<RecordType> types)
    : lines_(std::move(lines)), path_(std::move(path)) {
    if (types.size() == 0) wanted_.set();
    for (const RecordType type : types)
        wanted_.set(static_cast<std::size_t>(type));
}

Result<Reader> Reader::open(const std::filesystem::path& path,
                            std::initializer_list<RecordType> types, std::int64_t from) {
    auto lines = JournalLines::open(path, from);
    if (!lines) return lines.error();
    return Reader(std::move(*lines), path, types);
}

std::int64_t Reader::last_seq() const {
    return std::max(last_seq_, static_cast<std::int64_t>(line_) - 1);
}

/// Fills `parts_`. False at the end.
Result<bool> Reader::take_line() {
    const auto read = lines_.next();
    if (!read) return read.error().while_doing("read " + path_.string());
    if (!*read) return false;
    const JournalLines::Line& line = **read;
    too_long_ = line.too_long;
    if (!line.ended && !too_long_ && is_cut_off_record(line.text) && !Record::read(line.text)) {
        file_end_ = FileEnd::kHalfLine;
        half_line_at_ = line.offset;
        return false;
    }
    if (!line.ended) file_end_ = FileEnd::kUnended;
    ++line_;
    offset_ = line.offset;
    beside_nuls_ = line.text.find('\0') != std::string_view::npos;
    parts_ = parts_between_nuls(line.text);
    next_part_ = 0;
    return true;
}

Result<std::optional<Place>> Reader::next() {
    if (next_part_ == parts_.size()) {
        const auto more = take_line();
        if (!more) return more.error();
        if (!*more) return std::optional<Place>();
    }
    return std::optional(examine(parts_[next_part_++]));
}

Place Reader::examine(std::string_view text) {
    Place place;
    place.line = line_;
    place.offset = offset_;
    if (beside_nuls_) place.condition = Place::Condition::kBesideNuls;
    if (const auto type = type_at_begin(text)) {
        place.type = *type;
        if (!wanted_.test(static_cast<std::size_t>(*type))) return place;
    }
    auto record = Record::read(text);
    if (!record) {
        place.condition = Place::Condition::kDamaged;
        place.type = RecordType::kNone;
        place.problem = too_long_      ? "longer than " + std::to_string(kMaxJournalLine) + " bytes"
                        : beside_nuls_ ? "NUL bytes, as a crash of the machine leaves them"
                                       : record.error().message;
        return place;
    }
    place.type = record->type();
    if (const auto version = record->integer("v", 0); version > kVersion) {
        place.condition = Place::Condition::kNewer;
        place.problem = "written by a newer tenon (record version " + std::to_string(version) +
                        ", this one reads " + std::to_string(kVersion) + ")";
    } else if (is_repeated(*record, text)) {
        place.condition = Place::Condition::kRepeated;
    }
    if (wanted_.test(static_cast<std::size_t>(place.type))) place.record = std::move(*record);
    return place;
}

bool Reader::is_repeated(const Record& record, std::string_view text) {
    const std::int64_t seq = record.integer("seq", -1);
    if (seq < 0) return false;
    last_seq_ = std::max(last_seq_, seq);
    const Fingerprint fingerprint{text.size(), std::hash<std::string_view>()(text)};
    const auto [earlier, is_new] = seen_.emplace(seq, fingerprint);
    return !is_new && earlier->second == fingerprint;
}

Result<std::optional<Record>> Reader::next_record() {
    while (true) {
        auto place = next();
        if (!place) return place.error();
        if (!*place) return std::optional<Record>();
        Place& found = **place;
        if (found.condition == Place::Condition::kNewer) {
            return Error{path_.string() + ":" + std::to_string(found.line) + ": " + found.problem};
        }
        if (found.record && found.condition != Place::Condition::kRepeated)
            return std::move(found.record);
    }
}

}  // namespace tenon::journal
