#pragma once

#include <fcntl.h>
#include <string>
#include <sys/types.h>
#include <unistd.h>
#include <vector>

/// Many named ways to escape from a sandbox, for a program that tries them, and for a hostile
/// plugin. They do not know how the sandbox is made.
namespace escape {

/// What the ways try to reach outside of the sandbox.
struct Targets {
    std::string outside;    ///< a directory that may not be written, with a directory for each way
    std::string workspace;  ///< may be written in the mode `workspace`
    std::string secret;     ///< a file in a directory that may not be read
    std::string state;      ///< Tenon's own directory
    std::string config;     ///< Tenon's configuration directory
    std::string program;    ///< a program of root's with the set-user-id bit; empty: none
    std::string socket;     ///< a service's stream socket in the file system
    std::string datagrams;  ///< a service's datagram socket in the file system
    std::string abstract;   ///< a service's abstract name
    int tcp = 0;            ///< a service's port on 127.0.0.1
    int udp = 0;
    pid_t outsider = 0;  ///< a process of the same user
    std::string way;     ///< the way that is tried now

    [[nodiscard]] std::string directory() const { return outside + "/" + way; }
    [[nodiscard]] std::string target_file() const { return directory() + "/file"; }
    [[nodiscard]] std::string own(const std::string& name) const {
        return workspace + "/" + name + "-" + way;
    }
};

/// One way to escape. `escapes` returns true when it got out. It runs in a process of its own,
/// which may be killed, and undoes its changes inside the sandbox.
struct Way {
    const char* name;
    bool (*escapes)(const Targets& s);
};

std::vector<Way> file_ways();
std::vector<Way> metadata_ways();
std::vector<Way> guarded_ways();
std::vector<Way> secret_ways();
std::vector<Way> mount_ways();
std::vector<Way> process_ways();
std::vector<Way> kernel_ways();
std::vector<Way> socket_ways();
/// All of these.
std::vector<Way> all_ways();

// ---- what a sandbox may allow; they return 0 or an errno value

int connects_to(const std::string& host, int port);
int talks_by_tcp();
int talks_by_file(const std::string& path);
int connects_to_file(const std::string& path);
/// The same in a thread with descriptors of its own.
int connects_apart(const std::string& path);
int moves_to_other_device();
int traces_own_child();

// ---- helpers; the bool says whether it worked

bool write_to(int fd);
bool write_to(const std::string& path, int flags = O_WRONLY);
bool make_file(const std::string& path);
bool can_read(const std::string& path);
std::string text_of(const std::string& path);
/// Runs `f` in a child and returns its result.
bool in_child(bool (*f)(const Targets&), const Targets& s);

}  // namespace escape
