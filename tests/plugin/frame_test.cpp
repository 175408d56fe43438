#include "host/plugin/frame.h"

#include <cstring>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace tenon::plugin {
namespace {

using ::testing::HasSubstr;

std::string message(FrameType type, std::uint32_t id, const std::string& payload) {
    std::string out;
    append_message(out, type, id, payload);
    return out;
}

/// Every message as text, then "bad: " and the error if there is one.
std::vector<std::string> read_in_pieces(const std::vector<std::string>& pieces,
                                        std::size_t max_message = kMaxMessageBytes) {
    FrameReader reader(FrameSender::kPlugin, max_message);
    std::vector<std::string> seen;
    for (const std::string& piece : pieces) {
        reader.take(piece);
        for (;;) {
            auto next = reader.next();
            if (!next) {
                seen.push_back("bad: " + next.error().message);
                return seen;
            }
            if (!*next) break;
            seen.push_back(std::to_string((*next)->id) + " " + (*next)->payload.substr(0, 20));
        }
    }
    return seen;
}

std::string frame(std::uint32_t size, unsigned type, unsigned flags = 0, std::uint16_t zero = 0,
                  std::uint32_t id = 1) {
    std::string out(12, '\0');
    std::memcpy(out.data(), &size, 4);
    out[4] = static_cast<char>(type);
    out[5] = static_cast<char>(flags);
    std::memcpy(out.data() + 6, &zero, 2);
    std::memcpy(out.data() + 8, &id, 4);
    return out;
}

TEST(FrameReader, FindsTheSameMessagesWhereverTheBytesAreCut) {
    const std::string wire = message(FrameType::kWrite, 7, "first") +
                             message(FrameType::kLog, 0, "") +
                             message(FrameType::kWrite, 8, "second");
    const std::vector<std::string> expected = {"7 first", "0 ", "8 second"};
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        SCOPED_TRACE(cut);
        EXPECT_EQ(read_in_pieces({wire.substr(0, cut), wire.substr(cut)}), expected);
    }
    std::vector<std::string> bytes;
    for (const char byte : wire)
        bytes.emplace_back(1, byte);
    EXPECT_EQ(read_in_pieces(bytes), expected);
}

TEST(FrameReader, JoinsTheFramesOfALongMessage) {
    std::string text(2 * kMaxFrameBytes + 5, 'x');
    text.back() = 'y';
    const std::string wire = message(FrameType::kWrite, 3, text);
    EXPECT_EQ(wire.size(), text.size() + 3 * std::size_t{12});
    FrameReader reader(FrameSender::kPlugin);
    reader.take(wire);
    const auto joined = reader.next();
    ASSERT_TRUE(joined && *joined);
    EXPECT_TRUE((*joined)->payload == text);
}

TEST(FrameReader, RefusesFramesThatLieBeforeTheirPayloadComes) {
    constexpr unsigned kWriteType = static_cast<unsigned>(FrameType::kWrite);
    const std::string part = frame(8 + 4, kWriteType, 1) + "part";
    const struct {
        std::string wire;
        const char* flaw;
    } cases[] = {
        {frame(7, kWriteType), "claims a size of 7"},
        {frame(0, kWriteType), "claims a size of 0"},
        {frame(kMaxFrameBytes + 1, kWriteType), "claims a size of 16777217"},
        {frame(0xFFFFFFFFU, kWriteType), "claims a size of 4294967295"},
        {frame(8, 0), "unknown type 0"},
        {frame(8, 200), "unknown type 200"},
        {frame(8, static_cast<unsigned>(FrameType::kInvoke)), "unknown type 4"},
        {frame(8, kWriteType, 4), "unknown flags"},
        {frame(8, kWriteType, 0, 1), "unknown flags"},
        {part + frame(8, kWriteType, 0, 0, 2), "between the parts"},
        {part + frame(8, static_cast<unsigned>(FrameType::kLog)), "between the parts"},
        {part + frame(8, kWriteType, 2), "between the parts"},
        {part + frame(8 + 97, kWriteType), "longer than 100 bytes"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.flaw);
        const auto seen = read_in_pieces({row.wire}, 100);
        ASSERT_EQ(seen.size(), 1U);
        EXPECT_THAT(seen[0], HasSubstr(row.flaw));
    }
}

struct Ends {
    Ends() {
        int fds[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) throw std::runtime_error("socketpair");
        ours.reset(fds[0]);
        theirs.reset(fds[1]);
    }
    UniqueFd ours, theirs;
};

TEST(FrameWriter, KeepsWhatTheSocketDoesNotTakeAndNeverBlocks) {
    const Ends ends;
    FrameWriter writer(ends.ours.get());
    const std::string text(3U << 20U, 'z');
    writer.send(message(FrameType::kWrite, 1, text));
    writer.send(message(FrameType::kWrite, 2, "after"));
    EXPECT_GT(writer.kept(), 0U);
    FrameReader reader(FrameSender::kPlugin);
    std::vector<std::uint32_t> ids;
    while (ids.size() < 2) {
        char buffer[65536];
        const ssize_t n = ::read(ends.theirs.get(), buffer, sizeof buffer);
        ASSERT_GT(n, 0);
        reader.take({buffer, static_cast<std::size_t>(n)});
        writer.flush();
        for (auto next = reader.next(); next && *next; next = reader.next())
            ids.push_back((*next)->id);
    }
    EXPECT_EQ(ids, (std::vector<std::uint32_t>{1, 2}));
    EXPECT_EQ(writer.kept(), 0U);
}

TEST(FrameWriter, DropsEverythingAfterTheConnectionHasEnded) {
    Ends ends;
    FrameWriter writer(ends.ours.get());
    writer.send(message(FrameType::kWrite, 1, std::string(3U << 20U, 'z')));
    ends.theirs.reset();
    writer.flush();
    EXPECT_EQ(writer.kept(), 0U);
    writer.send(message(FrameType::kWrite, 1, "more"));
    EXPECT_EQ(writer.kept(), 0U);
}

TEST(FrameWriter, SendsADescriptorWithTheFirstByteOfItsMessage) {
    const Ends ends;
    FrameWriter writer(ends.ours.get());
    int pipe_ends[2];
    ASSERT_EQ(::pipe2(pipe_ends, O_CLOEXEC), 0);
    UniqueFd read_end(pipe_ends[0]);
    const UniqueFd write_end(pipe_ends[1]);
    std::string frames;
    append_message(frames, FrameType::kReply, 1, "answer", true);
    writer.send(message(FrameType::kReply, 9, "before"));
    writer.send(std::move(frames), std::move(read_end));
    ASSERT_EQ(::write(write_end.get(), "through", 7), 7);

    FrameReader reader(FrameSender::kHost);
    UniqueFd received;
    std::vector<bool> marks;
    while (marks.size() < 2) {
        char buffer[64], control[CMSG_SPACE(sizeof(int))];
        iovec part{buffer, sizeof buffer};
        msghdr header{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        const ssize_t n = ::recvmsg(ends.theirs.get(), &header, 0);
        ASSERT_GT(n, 0);
        if (const cmsghdr* rights = CMSG_FIRSTHDR(&header)) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(rights), sizeof number);
            received.reset(number);
        }
        reader.take({buffer, static_cast<std::size_t>(n)});
        for (auto next = reader.next(); next && *next; next = reader.next())
            marks.push_back((*next)->has_descriptor);
    }
    EXPECT_EQ(marks, (std::vector<bool>{false, true}));
    char text[7] = {};
    ASSERT_EQ(::read(received.get(), text, sizeof text), 7);
    EXPECT_EQ(std::string(text, 7), "through");
}

}  // namespace
}  // namespace tenon::plugin
