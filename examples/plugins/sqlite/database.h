#pragma once

#include <cstddef>
#include <memory>
#include <sqlite3.h>

#include <tenon/plugin.hpp>

/// Databases of the workspace, as copies in memory.
namespace sqlite {

struct CloseDatabase {
    void operator()(sqlite3* database) const noexcept { ::sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

/// The database in a file, which the host opens: a path relative to the workspace, or an absolute
/// one. The copy can be read only, and holds every change that was committed. Throws tenon::Failure
/// when there is no such copy: the file is no database, longer than `max_bytes`, being written for
/// more than a few seconds, or has changes that are only in its log. Waits until the call is
/// cancelled at most.
Database open_copy(const tenon::Call& call, const std::string& file, std::size_t max_bytes);

}  // namespace sqlite
