// Read-only queries of SQLite databases in the workspace.
#include "database.h"
#include "query.h"

namespace {

constexpr const char* kQuerySchema = R"({
  "type": "object",
  "properties": {
    "file": {"type": "string", "description": "The database, relative to the workspace"},
    "sql": {"type": "string", "description": "One statement that only reads"},
    "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "Default: 100"}
  },
  "required": ["file", "sql"],
  "additionalProperties": false
})";

constexpr const char* kSchemaSchema = R"({
  "type": "object",
  "properties": {"file": {"type": "string", "description": "The database, relative to the workspace"}},
  "required": ["file"],
  "additionalProperties": false
})";

constexpr const char* kSchemaQuery =
    "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER "
    "BY tbl_name, type DESC, "
    "name";

class Sqlite : public tenon::Plugin {
public:
    using Plugin::Plugin;

    void setup(tenon::JsonView config) override {
        constexpr std::int64_t kDefaultMegabytes = 256;
        max_bytes_ = static_cast<std::size_t>(config.integer("max_megabytes", kDefaultMegabytes))
                     << 20U;
        // For four copies at once, and what a query sorts. A query that needs more fails.
        ::sqlite3_hard_heap_limit64(static_cast<sqlite3_int64>(4 * max_bytes_ + kForQueries));
        constexpr std::uint32_t kFlags = TENON_READ_ONLY | TENON_IDEMPOTENT | TENON_CLOSED_WORLD |
                                         TENON_CONCURRENT | TENON_LONG_RUNNING;
        tool("sqlite_query",
             "Runs one SQL statement that only reads on an SQLite database of the workspace.",
             kQuerySchema, kFlags,
             [this](tenon::Call& call) {
                 query(call, call.args().text("sql"),
                       call.args().integer("max_rows", kDefaultRows));
             })
            .subject("{file}: {sql:first}")
            .reads({"file"});
        tool("sqlite_schema",
             "Shows the tables, indexes and views of an SQLite database of the workspace.",
             kSchemaSchema, kFlags,
             [this](tenon::Call& call) { query(call, kSchemaQuery, kMaxRows); })
            .subject("{file}")
            .reads({"file"});
    }

private:
    static constexpr std::int64_t kDefaultRows = 100, kMaxRows = 1000;
    static constexpr std::size_t kForQueries = std::size_t{16} << 20U;

    void query(tenon::Call& call, const std::string& sql, std::int64_t max_rows) const {
        const sqlite::Database database =
            sqlite::open_copy(call, call.args().text("file"), max_bytes_);
        sqlite::run_query(call, database.get(), sql, max_rows);
    }

    std::size_t max_bytes_ = 0;
};

}  // namespace

TENON_PLUGIN_CONFIGURED(
    Sqlite, "sqlite", "1.0.0",
    R"({"type":"object","properties":{"max_megabytes":{"type":"integer","minimum":1,"maximum":4096}},"additionalProperties":false})");
