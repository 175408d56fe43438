#include "database.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sqlite {
namespace {

using tenon::Failure;

class Descriptor {
public:
    explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;

    [[nodiscard]] int get() const noexcept { return fd_; }

private:
    int fd_;
};

/// A file that the host has opened for reading.
struct OpenFile {
    Descriptor fd;
    std::string path;   ///< absolute
    std::string shown;  ///< for messages
};

std::string params_of(const std::string& path) {
    return tenon::JsonObject().text("path", path).text("access", "read").json();
}

OpenFile open_file(const tenon::Call& call, const std::string& file) {
    const tenon::Reply reply = call.request("path.open/1", params_of(file));
    const tenon::JsonView answer = reply.json();  // throws what the host says
    return {Descriptor(static_cast<int>(answer.integer("fd", -1))), answer.text("path"),
            answer.text("shown")};
}

struct stat status_of(const OpenFile& file) {
    struct stat status {};
    if (::fstat(file.fd.get(), &status) != 0)
        throw Failure(file.shown + ": " + std::strerror(errno));
    return status;
}

/// The first bytes of a file beside the database; empty if there is none. A file that must not be
/// read counts as none.
std::string head_of(const tenon::Call& call, const std::string& path) {
    const tenon::Reply reply = call.request("path.open/1", params_of(path));
    if (!reply.ok()) return {};
    const Descriptor fd(static_cast<int>(reply.json().integer("fd", -1)));
    char bytes[8];
    const ssize_t n = ::pread(fd.get(), bytes, sizeof bytes, 0);
    return {bytes, n > 0 ? static_cast<std::size_t>(n) : 0};
}

// The bytes of a database file that SQLite locks: https://www.sqlite.org/lockingv3.html and its
// source, os.h.
constexpr off_t kPendingByte = 0x40000000;
constexpr off_t kReservedByte = kPendingByte + 1;
constexpr off_t kSharedFirst = kPendingByte + 2;
constexpr off_t kSharedSize = 510;

struct flock region(short type, off_t from, off_t size) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = from;
    lock.l_len = size;
    return lock;
}

/// Waits for a moment. Throws when the call is cancelled.
void wait_a_moment(const tenon::Call& call) {
    constexpr int kMomentMs = 50;
    pollfd cancel{call.cancel_fd(), POLLIN, 0};
    if (::poll(&cancel, 1, kMomentMs) > 0) throw Failure("cancelled", TENON_CANCELLED);
}

/// The lock under which SQLite reads: no writer changes the file meanwhile. It is gone when the
/// file is closed. A file system without locks has no writers that respect them either.
void lock_for_reading(const tenon::Call& call, const OpenFile& file) {
    constexpr int kTries = 100;
    for (int i = 0; i < kTries; ++i) {
        // A writer that waits for readers to end holds the pending byte: it goes first.
        struct flock pending = region(F_RDLCK, kPendingByte, 1);
        struct flock shared = region(F_RDLCK, kSharedFirst, kSharedSize);
        int failed = ::fcntl(file.fd.get(), F_SETLK, &pending);
        if (failed == 0) failed = ::fcntl(file.fd.get(), F_SETLK, &shared);
        const int why = errno;
        struct flock release = region(F_UNLCK, kPendingByte, 1);
        (void)::fcntl(file.fd.get(), F_SETLK, &release);
        if (failed == 0 || (why != EAGAIN && why != EACCES)) return;
        wait_a_moment(call);
    }
    throw Failure(file.shown + " is being written by another program; try again later", TENON_BUSY);
}

bool has_writer(const OpenFile& file) {
    struct flock reserved = region(F_WRLCK, kReservedByte, 1);
    return ::fcntl(file.fd.get(), F_GETLK, &reserved) == 0 && reserved.l_type != F_UNLCK;
}

/// Changes that are not in the file itself. A journal with a header of zeros, or of a writer that
/// is at work, is none.
void check_logs(const tenon::Call& call, const OpenFile& file) {
    if (!head_of(call, file.path + "-wal").empty())
        throw Failure(file.shown +
                      " has changes in its write-ahead log, which a copy does not have. End the "
                      "programs that have it "
                      "open, or let one of them run PRAGMA wal_checkpoint(TRUNCATE)");
    const std::string journal = head_of(call, file.path + "-journal");
    if (!journal.empty() && journal[0] != '\0' && !has_writer(file))
        throw Failure(file.shown +
                      " has the journal of a transaction that was interrupted. Open it once with a "
                      "program that may "
                      "write it, such as sqlite3");
}

struct FreeCopy {
    void operator()(unsigned char* bytes) const noexcept { ::sqlite3_free(bytes); }
};
using Copy = std::unique_ptr<unsigned char, FreeCopy>;

Copy copy_of(const tenon::Call& call, const OpenFile& file, std::size_t size) {
    constexpr std::size_t kPart = std::size_t{4} << 20U;
    Copy copy(static_cast<unsigned char*>(::sqlite3_malloc64(size)));
    if (copy == nullptr) throw Failure("there is not enough memory for a copy of " + file.shown);
    for (std::size_t done = 0; done < size;) {
        if (call.cancelled()) throw Failure("cancelled", TENON_CANCELLED);
        const std::size_t wanted = size - done < kPart ? size - done : kPart;
        const ssize_t n =
            ::pread(file.fd.get(), copy.get() + done, wanted, static_cast<off_t>(done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw Failure(file.shown + ": " + std::strerror(errno));
        if (n == 0) throw Failure(file.shown + " became shorter while it was read; try again");
        done += static_cast<std::size_t>(n);
    }
    return copy;
}

/// Checks the header, and marks the copy of a database with a write-ahead log as one without, since
/// there is none here.
void prepare_header(unsigned char* bytes, std::size_t size, const std::string& shown) {
    constexpr std::string_view kMagic("SQLite format 3\0", 16);
    constexpr std::size_t kHeader = 100, kWriteVersion = 18, kReadVersion = 19;
    const std::string_view start(reinterpret_cast<const char*>(bytes),
                                 size < kHeader ? 0 : kMagic.size());
    if (start != kMagic)
        throw Failure(shown + " is not a database of SQLite 3, or it is encrypted");
    for (const std::size_t at : {kWriteVersion, kReadVersion})
        if (bytes[at] == 2) bytes[at] = 1;
}

Database in_memory(Copy copy, std::size_t size, const std::string& shown) {
    sqlite3* opened = nullptr;
    const int rc =
        ::sqlite3_open_v2(":memory:", &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, nullptr);
    Database database(opened);  // also after a failure
    if (rc != SQLITE_OK) throw Failure("there is not enough memory");
    // The library frees the copy, also when it refuses it.
    if (::sqlite3_deserialize(opened, "main", copy.release(), static_cast<sqlite3_int64>(size),
                              static_cast<sqlite3_int64>(size),
                              SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY) !=
        SQLITE_OK)
        throw Failure(shown + ": " + ::sqlite3_errmsg(opened));
    return database;
}

bool is_same(const struct stat& a, const struct stat& b) {
    return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
           a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

Database open_copy(const tenon::Call& call, const std::string& file, std::size_t max_bytes) {
    const OpenFile opened = open_file(call, file);
    if (!S_ISREG(status_of(opened).st_mode)) throw Failure(opened.shown + " is not a regular file");
    lock_for_reading(call, opened);
    const struct stat before = status_of(opened);
    const auto size = static_cast<std::size_t>(before.st_size);
    if (size > max_bytes)
        throw Failure(opened.shown + " has " + std::to_string(size >> 20U) +
                      " MiB; databases of up to " + std::to_string(max_bytes >> 20U) +
                      " MiB are read (plugins.sqlite.max_megabytes)");
    if (size == 0) throw Failure(opened.shown + " is empty");
    check_logs(call, opened);
    Copy copy = copy_of(call, opened, size);
    // Programs that write with a log do not wait for readers.
    if (!is_same(before, status_of(opened)))
        throw Failure(opened.shown + " was changed while it was read; try again", TENON_BUSY);
    prepare_header(copy.get(), size, opened.shown);
    return in_memory(std::move(copy), size, opened.shown);
}

}  // namespace sqlite
