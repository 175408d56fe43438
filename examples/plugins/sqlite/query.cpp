#include "query.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

namespace sqlite {
namespace {

using tenon::Failure;

constexpr std::size_t kMaxResult = 40'000;
constexpr std::size_t kMaxValue = 2'000;
constexpr std::size_t kMaxBlob = 64;
constexpr int kMaxLength = 16 << 20;  // of a text or blob that a statement makes
constexpr int kMaxSql = 100'000;
constexpr int kStepsBetweenLooks = 10'000;

constexpr const char* kOnlyReading =
    "only reading is possible: SELECT, VALUES, WITH, EXPLAIN, and PRAGMA table_info, index_list "
    "and the like";

struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const noexcept { ::sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

bool is_pragma_that_reads(std::string_view name, bool has_argument) {
    constexpr std::array<std::string_view, 9> kOfAnObject = {
        "table_info",  "table_xinfo",      "table_list",  "index_list",     "index_info",
        "index_xinfo", "foreign_key_list", "quick_check", "integrity_check"};
    constexpr std::array<std::string_view, 7> kWithoutArgument = {
        "database_list", "user_version", "schema_version", "application_id",
        "encoding",      "page_count",   "page_size"};
    const auto is_in = [&](const auto& names) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    return is_in(kOfAnObject) || (!has_argument && is_in(kWithoutArgument));
}

/// What SQLite asks while it reads a statement. Notes that something was refused, since not every
/// error says so.
int authorize(void* refused, int action, const char* first, const char* second, const char*,
              const char*) noexcept {
    switch (action) {
        case SQLITE_SELECT:
        case SQLITE_READ:
        case SQLITE_RECURSIVE:
            return SQLITE_OK;
        case SQLITE_FUNCTION:
            if (second != nullptr && std::string_view(second) != "load_extension") return SQLITE_OK;
            break;
        case SQLITE_PRAGMA:
            if (first != nullptr && is_pragma_that_reads(first, second != nullptr))
                return SQLITE_OK;
            break;
        case SQLITE_UPDATE:  // SQLite declares the tables pragma_* so; the schema itself cannot be
                             // updated
            if (first != nullptr && std::string_view(first) == "sqlite_master") return SQLITE_OK;
            break;
        default:
            break;
    }
    *static_cast<bool*>(refused) = true;
    return SQLITE_DENY;
}

/// Whether so little time is left that the host would take the call for one that hangs.
bool is_late(const tenon::Call& call) {
    constexpr std::chrono::nanoseconds kNeeded = std::chrono::seconds(1);
    const std::chrono::nanoseconds deadline(static_cast<std::int64_t>(call.raw()->deadline_ns));
    return deadline.count() != 0 &&
           std::chrono::steady_clock::now().time_since_epoch() > deadline - kNeeded;
}

int stop_in_time(void* context) noexcept {
    const auto& call = *static_cast<const tenon::Call*>(context);
    return call.cancelled() || is_late(call) ? 1 : 0;
}

void confine(const tenon::Call& call, sqlite3* database, bool& refused) {
    ::sqlite3_exec(database, "PRAGMA temp_store=MEMORY", nullptr, nullptr, nullptr);
    ::sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    ::sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    ::sqlite3_limit(database, SQLITE_LIMIT_LENGTH, kMaxLength);
    ::sqlite3_limit(database, SQLITE_LIMIT_SQL_LENGTH, kMaxSql);
    ::sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
    ::sqlite3_progress_handler(database, kStepsBetweenLooks, stop_in_time,
                               const_cast<tenon::Call*>(&call));
    ::sqlite3_set_authorizer(database, authorize, &refused);
}

[[noreturn]] void fail(const tenon::Call& call, sqlite3* database, int rc) {
    if (rc == SQLITE_INTERRUPT && call.cancelled()) throw Failure("cancelled", TENON_CANCELLED);
    if (rc == SQLITE_INTERRUPT) throw Failure("the query takes too long; ask for less");
    if (rc == SQLITE_NOMEM) throw Failure("the query needs too much memory; ask for less");
    throw Failure(std::string("SQLite: ") + ::sqlite3_errmsg(database));
}

/// One statement; `rest` becomes the text behind it. Null if there is only white space and
/// comments.
Statement prepared(const tenon::Call& call, sqlite3* database, std::string_view sql,
                   std::string_view& rest, const bool& refused) {
    sqlite3_stmt* made = nullptr;
    const char* tail = nullptr;
    const int rc =
        ::sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &made, &tail);
    Statement statement(made);
    if (refused) throw Failure(kOnlyReading);
    if (rc != SQLITE_OK) fail(call, database, rc);
    rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
    return statement;
}

/// The only statement of a text.
Statement only_statement(const tenon::Call& call, sqlite3* database, std::string_view sql,
                         const bool& refused) {
    if (sql.size() > static_cast<std::size_t>(kMaxSql)) throw Failure("the statement is too long");
    std::string_view rest = sql;
    Statement statement;
    while (statement == nullptr && !rest.empty())
        statement = prepared(call, database, rest, rest, refused);
    if (statement == nullptr)
        throw Failure("there is no statement; pass one, such as SELECT * FROM a_table");
    if (::sqlite3_stmt_readonly(statement.get()) == 0) throw Failure(kOnlyReading);
    while (!rest.empty())
        if (prepared(call, database, rest, rest, refused) != nullptr)
            throw Failure("there are several statements; pass one at a time");
    return statement;
}

/// The first bytes of a text, without a part of a character at the end.
std::string_view cut(std::string_view text, std::size_t max_bytes) {
    if (text.size() <= max_bytes) return text;
    while (max_bytes > 0 && (static_cast<unsigned char>(text[max_bytes]) & 0xC0U) == 0x80)
        --max_bytes;
    return text.substr(0, max_bytes);
}

/// A text in one line without tabs.
std::string in_one_line(std::string_view text) {
    std::string out;
    for (const char c : cut(text, kMaxValue)) {
        switch (c) {
            case '\t':
                out += "\\t";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\\':
                out += "\\\\";
                break;
            default:
                out += c;
        }
    }
    if (text.size() > kMaxValue) out += "… (" + std::to_string(text.size()) + " bytes)";
    return out;
}

std::string in_hex(std::string_view blob) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out = "x'";
    for (const char c : blob.substr(0, kMaxBlob)) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
    }
    out += "'";
    if (blob.size() > kMaxBlob) out += "… (" + std::to_string(blob.size()) + " bytes)";
    return out;
}

std::string value_of(sqlite3_stmt* row, int column) {
    const int type = ::sqlite3_column_type(row, column);
    if (type == SQLITE_NULL) return "NULL";
    const void* const bytes = type == SQLITE_BLOB ? ::sqlite3_column_blob(row, column)
                                                  : ::sqlite3_column_text(row, column);
    if (bytes == nullptr) return type == SQLITE_BLOB ? "x''" : "(out of memory)";
    const std::string_view value(static_cast<const char*>(bytes),
                                 static_cast<std::size_t>(::sqlite3_column_bytes(row, column)));
    return type == SQLITE_BLOB ? in_hex(value) : in_one_line(value);
}

template <class Text>
std::string line_of(int columns, Text text) {
    std::string line;
    for (int i = 0; i < columns; ++i)
        line.append(i > 0 ? "\t" : "").append(text(i));
    return line += '\n';
}

}  // namespace

void run_query(tenon::Call& call, sqlite3* database, const std::string& sql,
               std::int64_t max_rows) {
    bool refused = false;
    confine(call, database, refused);
    const Statement statement = only_statement(call, database, sql, refused);
    sqlite3_stmt* const row = statement.get();
    const int columns = ::sqlite3_column_count(row);
    std::string out =
        line_of(columns, [&](int i) { return in_one_line(::sqlite3_column_name(row, i)); });
    std::int64_t rows = 0;
    std::string note;
    int rc = SQLITE_ROW;
    while ((rc = ::sqlite3_step(row)) == SQLITE_ROW) {
        std::string line =
            rows < max_rows ? line_of(columns, [&](int i) { return value_of(row, i); }) : "";
        if (rows == max_rows || out.size() + line.size() > kMaxResult) {
            note = "; there are more: use LIMIT and OFFSET, fewer columns, or a larger max_rows";
            break;
        }
        out += line;
        ++rows;
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) fail(call, database, rc);
    call.write(out);
    call.write("(" + std::to_string(rows) + (rows == 1 ? " row" : " rows") + note + ")");
}

}  // namespace sqlite
