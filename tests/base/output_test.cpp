#include "host/base/output.h"

#include <csignal>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace tenon {
namespace {

struct Pipe {
    Pipe() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        in.reset(ends[0]);
        out.reset(ends[1]);
    }
    UniqueFd in, out;
};

TEST(Output, WritesForeignTextAsItIsToWhatIsNoTerminal) {
    testing::TempDir dir;
    const UniqueFd file(::open((dir / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    Output output(file.get(), {});
    EXPECT_TRUE(output.write_text("a\x1b[31mb"));
    EXPECT_TRUE(output.write_json("{}"));
    EXPECT_EQ(dir.read("out"), "a\x1b[31mb{}\n");
}

TEST(Output, WritesNothingMoreOnceItsReaderIsGone) {
    ::signal(SIGPIPE, SIG_IGN);
    Pipe pipe;
    pipe.in.reset();
    Output output(pipe.out.get(), {});
    EXPECT_FALSE(output.write("a"));
    EXPECT_FALSE(output.write("b"));
}

TEST(Output, GivesUpAReaderWhoReadsNothingOnceTheRunIsStopped) {
    Pipe pipe;
    std::stop_source stop;
    stop.request_stop();
    Output output(pipe.out.get(), stop.get_token());
    EXPECT_FALSE(output.write(std::string(1 << 20, 'x')));
}

}  // namespace
}  // namespace tenon
