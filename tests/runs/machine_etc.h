#pragma once

#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace tenon::testing {

/// An /etc of its own for the programs that are started with `command`, in a mount namespace: it
/// has a /etc/tenon that the test fills, and what programs need to start.
class MachineEtc {
public:
    MachineEtc() {
        for (const char* name : {"passwd", "group", "hosts", "nsswitch.conf", "ld.so.cache"}) {
            std::error_code not_there;
            std::filesystem::copy_file(std::filesystem::path("/etc") / name, etc_ / name,
                                       not_there);
        }
        std::filesystem::create_directories(etc_ / "tenon");
    }

    /// A file beneath /etc/tenon.
    void write(const std::string& name, const std::string& text) const {
        etc_.write("tenon/" + name, text);
    }
    /// What the password file says is the home directory of the user who runs the test.
    void set_account_home(const std::filesystem::path& home) const {
        std::string lines;
        for (const uid_t user : {uid_t{0}, ::geteuid()})
            lines += "tester:x:" + std::to_string(user) + ":" + std::to_string(::getegid()) +
                     "::" + home.string() + ":/bin/sh\n";
        etc_.write("passwd", lines);
    }
    [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& words) const {
        std::vector<std::string> out = {"/usr/bin/unshare",
                                        ::geteuid() == 0 ? "-m" : "-rm",
                                        "/bin/sh",
                                        "-c",
                                        R"(mount --bind "$1" /etc && shift && exec "$@")",
                                        "sh",
                                        etc_.path().string()};
        out.insert(out.end(), words.begin(), words.end());
        return out;
    }
    /// Whether this system permits it.
    [[nodiscard]] bool works() const {
        Process test(command({"/bin/true"}), {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}}, "/");
        return test.wait().code == 0;
    }

private:
    TempDir etc_;
};

}  // namespace tenon::testing
