#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::sdk {
namespace {

TEST(RustLayer, PassesItsOwnTests) {
#ifdef TENON_RUSTC
    const tenon::testing::TempDir dir;
    const std::string program = (dir / "layer_test").string();
    const std::string command = TENON_RUSTC " --edition 2021 --test -D warnings " TENON_RUST_TESTS
                                            "/layer_test.rs -o " +
                                program + " && " + program;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
#else
    GTEST_SKIP() << "no rustc on this machine";
#endif
}

}  // namespace
}  // namespace tenon::sdk
