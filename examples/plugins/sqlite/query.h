#pragma once

#include <cstdint>

#include "database.h"

namespace sqlite {

/// Runs one statement that only reads, and writes its rows into the result of the call: a line with
/// the names of the columns, a line for each row with tabs between the values, and a line that says
/// how many there are. Throws tenon::Failure when the statement is wrong or would change anything,
/// and when the call is cancelled.
void run_query(tenon::Call& call, sqlite3* database, const std::string& sql, std::int64_t max_rows);

}  // namespace sqlite
