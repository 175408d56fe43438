#include <fstream>
#include <sqlite3.h>
#include <stdexcept>

#include <tenon/json.hpp>
#include <tenon/testing.hpp>

namespace {

/// A host with files in its workspace.
class Files : public tenon::TestHost {
public:
    Files() {
        serve_files();
        open(TENON_PLUGIN_FILE, R"({"max_megabytes":4})");
    }

    [[nodiscard]] std::string file(const std::string& name) const {
        return workspace() + "/" + name;
    }
    /// What sqlite_query says.
    tenon::TestResult query(const std::string& name, const std::string& sql, int max_rows = 100) {
        return call("sqlite_query", tenon::JsonObject()
                                        .text("file", name)
                                        .text("sql", sql)
                                        .integer("max_rows", max_rows)
                                        .json());
    }
};

/// A connection that writes a database.
class Writer {
public:
    explicit Writer(const std::string& file) {
        if (::sqlite3_open(file.c_str(), &database_) != SQLITE_OK)
            throw std::runtime_error("open " + file);
    }
    ~Writer() { ::sqlite3_close(database_); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void run(const std::string& sql) {
        if (::sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
            throw std::runtime_error(sql + ": " + ::sqlite3_errmsg(database_));
    }

private:
    sqlite3* database_ = nullptr;
};

void make_shop(const Files& host) {
    Writer shop(host.file("shop.db"));
    shop.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL, picture BLOB)");
    shop.run("INSERT INTO item VALUES(1,'tea\tgreen',2.5,x'00ff'),(2,NULL,3,NULL),(3,'ü',4,NULL)");
    shop.run("CREATE INDEX by_name ON item(name)");
}

#define FOUND(result, part) TENON_EXPECT(host, (result).text.find(part) != std::string::npos)

void reads(Files& host) {
    const auto all = host.query("shop.db", "SELECT * FROM item ORDER BY id");
    TENON_EXPECT(host, all.ok());
    TENON_EXPECT_TEXT(host, all.text,
                      "id\tname\tprice\tpicture\n1\ttea\\tgreen\t2.5\tx'00ff'\n2\tNULL\t3."
                      "0\tNULL\n3\tü\t4.0\tNULL\n"
                      "(3 rows)");
    FOUND(host.query("shop.db", "SELECT id FROM item", 2), "(2 rows; there are more");
    FOUND(host.query("shop.db", "PRAGMA table_info(item)"), "price\tREAL");
    FOUND(host.query("shop.db", "SELECT name FROM pragma_table_info('item')"), "(4 rows)");
    FOUND(host.query("shop.db", "-- how many?\nSELECT count(*) FROM item; -- all"), "(1 row)");
    FOUND(host.call("sqlite_schema", R"({"file":"shop.db"})"), "index\tby_name");
    const auto wide = host.query("shop.db", "SELECT printf('%.*c', 100000, 'x')");
    TENON_EXPECT(host, wide.text.size() < 3000);
    const auto much = host.query("shop.db",
                                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) "
                                 "SELECT printf('%.1000c','x') FROM n",
                                 1000);
    TENON_EXPECT(host, much.text.size() <= 41'000);
}

/// Nothing that a statement may say changes the file.
void writes_nothing(Files& host) {
    for (const char* sql :
         {"DELETE FROM item", "UPDATE item SET id=4", "INSERT INTO item(id) VALUES(9)",
          "DROP TABLE item", "CREATE TABLE x(y)", "CREATE TEMP TABLE x(y)",
          "ATTACH '/tmp/other.db' AS other", "VACUUM INTO '/tmp/copy.db'", "VACUUM", "BEGIN",
          "PRAGMA user_version=7", "PRAGMA journal_mode=WAL", "PRAGMA writable_schema=1",
          "SELECT load_extension('x')", "REINDEX", "ANALYZE"}) {
        const auto refused = host.query("shop.db", sql);
        if (!TENON_EXPECT(host, refused.rc == TENON_FAILED)) std::fprintf(stderr, "  %s\n", sql);
        FOUND(refused, "only reading is possible");
    }
    for (const char* sql : {"UPDATE sqlite_master SET sql=''", "DELETE FROM sqlite_schema"})
        FOUND(host.query("shop.db", sql), "may not be modified");
    FOUND(host.query("shop.db", "SELECT 1; DELETE FROM item"), "only reading is possible");
    FOUND(host.query("shop.db", "SELECT 1; SELECT 2"), "one at a time");
    FOUND(host.query("shop.db", "SELECT count(*) FROM item"), "\n3\n");
}

void says_what_is_wrong(Files& host) {
    std::ofstream(host.file("text.txt"))
        << "no database at all, however long this text may become; it has more than a "
           "hundred bytes, as a header has.";
    std::ofstream(host.file("empty.db"));
    { Writer(host.file("large.db")).run("CREATE TABLE t AS SELECT zeroblob(5000000)"); }
    FOUND(host.query("nothing.db", "SELECT 1"), "No such file");
    FOUND(host.query("text.txt", "SELECT 1"), "not a database");
    FOUND(host.query("empty.db", "SELECT 1"), "is empty");
    FOUND(host.query(".", "SELECT 1"), "not a regular file");
    FOUND(host.query("large.db", "SELECT 1"), "up to 4 MiB");
    FOUND(host.query("shop.db", " "), "no statement");
    FOUND(host.query("shop.db", "SELEKT"), "syntax error");
    FOUND(host.query("shop.db", "SELECT * FROM nowhere"), "no such table");
}

void is_not_fooled_by_other_writers(Files& host) {
    Writer log(host.file("log.db"));
    log.run("PRAGMA journal_mode=WAL");
    log.run("CREATE TABLE t(a)");
    FOUND(host.query("log.db", "SELECT * FROM t"), "write-ahead log");
    log.run("PRAGMA wal_checkpoint(TRUNCATE)");
    FOUND(host.query("log.db", "SELECT * FROM t"), "(0 rows)");

    // A transaction that has not been written to the file: its readers see the state before it.
    Writer open_one(host.file("shop.db"));
    open_one.run("BEGIN IMMEDIATE");
    open_one.run("DELETE FROM item");
    FOUND(host.query("shop.db", "SELECT count(*) FROM item"), "\n3\n");
    open_one.run("ROLLBACK");

    std::ofstream(host.file("hot.db"), std::ios::binary)
        << std::ifstream(host.file("shop.db"), std::ios::binary).rdbuf();
    std::ofstream(host.file("hot.db-journal"), std::ios::binary)
        << "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7";
    FOUND(host.query("hot.db", "SELECT 1"), "was interrupted");
}

void can_be_cancelled(Files& host) {
    host.cancel_after(0);
    const auto stopped = host.query(
        "shop.db",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n");
    TENON_EXPECT(host, stopped.rc == TENON_CANCELLED);
    host.cancel_after(-1);
}

void ends_before_the_host_loses_patience(Files& host) {
    const std::string numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) ";
    FOUND(host.query("shop.db", numbers + "SELECT i FROM n ORDER BY i DESC"), "too much memory");
    tenon_test_time_limit(host.c(), 1);
    FOUND(host.query("shop.db", numbers + "SELECT count(*) FROM n"), "takes too long");
    tenon_test_time_limit(host.c(), 0);
}

}  // namespace

int main() {
    Files host;
    make_shop(host);
    reads(host);
    writes_nothing(host);
    says_what_is_wrong(host);
    is_not_fooled_by_other_writers(host);
    can_be_cancelled(host);
    ends_before_the_host_loses_patience(host);
    return host.end();
}
