#pragma once

#include <bitset>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/base/result.h"
#include "host/journal/journal_lines.h"
#include "host/journal/record.h"

namespace tenon::journal {

/// What stands at one place of a journal. Its views are valid until the reader goes on.
struct Place {
    enum class Condition {
        kWhole,       ///< a record
        kBesideNuls,  ///< a record with NUL bytes beside it, as a crash of the machine leaves them
        kRepeated,    ///< a record that the journal already has, byte for byte
        kNewer,       ///< a record that a later version of this program wrote
        kDamaged,     ///< no record can be read
    };
    Condition condition = Condition::kWhole;
    std::size_t line = 0;                 ///< its number, from 1
    std::int64_t offset = 0;              ///< of the line, in the file
    std::string problem;                  ///< why it is kNewer or kDamaged
    RecordType type = RecordType::kNone;  ///< kNone where it is damaged
    std::optional<Record> record = {};    ///< none: damaged, or of a type that was not asked for
};

/// How a journal's file ends.
enum class FileEnd {
    kWhole,     ///< with a line end, or it is empty
    kUnended,   ///< its last line lacks only the line end
    kHalfLine,  ///< with the beginning of a record that was being written
};

/// The records of a journal, one after the other, in memory that does not grow with the length of
/// the file. The only place that judges what is damaged; what follows from it is decided by who
/// reads. The beginning of a record at the end of the file is no damage: nothing relied on it, and
/// it is passed over. Used by one thread.
class Reader {
public:
    /// Opens a journal without its lock, perhaps while a host writes it. Only records of `types`
    /// are parsed; an empty list means all types. `from` is the offset of the first line that is
    /// read; lines are counted from there. Error: it cannot be opened or is no regular file.
    static Result<Reader> open(const std::filesystem::path& path,
                               std::initializer_list<RecordType> types = {}, std::int64_t from = 0);
    /// Reads an open file from where it stands; `fd` outlives the object. `path` is for messages.
    Reader(int fd, std::filesystem::path path) : Reader(JournalLines(fd), std::move(path), {}) {}

    /// The next place; none at the end. Error: the file cannot be read.
    Result<std::optional<Place>> next();
    /// The next record of a wanted type that can be used; what is damaged or repeated is passed
    /// over. None at the end. Error: the file cannot be read, or a later version wrote the record.
    Result<std::optional<Record>> next_record();
    /// Records of this type are not parsed from here on.
    void stop_parsing(RecordType type) { wanted_.reset(static_cast<std::size_t>(type)); }

    // Once the end has been reached:

    /// The seq that the next record must come after; -1: there is none.
    [[nodiscard]] std::int64_t last_seq() const;
    [[nodiscard]] FileEnd file_end() const { return file_end_; }
    /// Where the half line begins.
    [[nodiscard]] std::int64_t half_line_at() const { return half_line_at_; }

private:
    struct Fingerprint {
        std::size_t size;
        std::size_t hash;
        bool operator==(const Fingerprint&) const = default;
    };
    Reader(JournalLines lines, std::filesystem::path path, std::initializer_list<RecordType> types);
    Result<bool> take_line();
    [[nodiscard]] Place examine(std::string_view text);
    [[nodiscard]] bool is_repeated(const Record& record, std::string_view text);

    JournalLines lines_;
    std::filesystem::path path_;
    std::bitset<kRecordTypes> wanted_;
    std::vector<std::string_view> parts_;  // of the current line
    std::size_t next_part_ = 0;
    std::size_t line_ = 0;                                // number of the current line
    std::int64_t offset_ = 0;                             // of the current line
    bool beside_nuls_ = false;                            // parts of the current line
    bool too_long_ = false;                               // the current line
    std::unordered_map<std::int64_t, Fingerprint> seen_;  // by seq
    std::int64_t last_seq_ = -1;
    FileEnd file_end_ = FileEnd::kWhole;
    std::int64_t half_line_at_ = 0;
};

}  // namespace tenon::journal
