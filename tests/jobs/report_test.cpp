#include "host/jobs/report.h"

#include <gtest/gtest.h>

#include "host/base/utf8.h"
#include "host/jobs/whole_output.h"
#include "tests/support/temp_dir.h"

namespace tenon::jobs {
namespace {

using tenon::testing::TempDir;

JobRecord completed() {
    JobRecord job;
    job.status = job.end.status = Status::kCompleted;
    job.end.exit_code = 0;
    return job;
}

JobRecord with_end(void (*change)(JobRecord&)) {
    JobRecord job = completed();
    change(job);
    job.end.status = job.status;
    return job;
}

TEST(Report, SaysHowAJobEndedWhenThereIsMoreToSayThanSuccess) {
    const std::pair<JobRecord, const char*> cases[] = {
        {completed(), "out\n"},
        {with_end([](JobRecord& j) { j.end.exit_code = 3; }), "out\n[exit code: 3]"},
        {with_end([](JobRecord& j) {
             j.end.exit_code.reset();
             j.end.signal = 9;
         }),
         "out\n[signal: SIGKILL]"},
        {with_end([](JobRecord& j) {
             j.end.exit_code.reset();
             j.end.signal = 34;
         }),
         "out\n[signal: signal 34]"},
        {with_end([](JobRecord& j) {
             j.status = Status::kTimeout;
             j.end.duration_ms = 1500;
         }),
         "out\n[timed out after 1.5 s]"},
        {with_end([](JobRecord& j) {
             j.status = Status::kCancelled;
             j.end.ended_by = "me";
         }),
         "out\n[cancelled by me]"},
        {with_end([](JobRecord& j) {
             j.status = Status::kLost;
             j.end.reason = "who knows";
         }),
         "out\n[lost: who knows]"},
        {with_end([](JobRecord& j) {
             j.status = Status::kLost;
             j.end.reason = "who knows";
             j.end.left_behind = 2;
             j.end.survivors = 1;
         }),
         "out\n[lost: who knows]\n[2 processes that it left running were ended]\n"
         "[1 process could not be ended]"},
        {with_end([](JobRecord& j) { j.end.left_behind = 2; }),
         "out\n[2 background processes ended; use background_run]"},
        {with_end([](JobRecord& j) {
             j.end.left_behind = 2;
             j.spec.lifetime = Lifetime::kPersistent;
         }),
         "out\n"},
        {with_end([](JobRecord& j) {
             j.end.exit_code = 1;
             j.end.reason = "output not kept: disk";
         }),
         "out\n[exit code: 1]\n[output not kept: disk]"},
        {with_end([](JobRecord& j) { j.status = Status::kRunning; }), "out\n"},
    };
    for (const auto& [job, text] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(with_ending("out\n", job), text);
    }
    EXPECT_EQ(with_ending("", completed()), "(no output)");
    EXPECT_EQ(with_ending(" \n\n", completed()), "(no output)");
    EXPECT_EQ(with_ending("no newline", with_end([](JobRecord& j) { j.end.exit_code = 2; })),
              "no newline\n[exit code: 2]");
}

TEST(Report, ShowsHeadAndTailAndTheNumberLeftOutOfALongOutput) {
    for (const std::size_t characters : {50'000, 50'001, 60'000, 399'999, 1'000'000, 3'000'000}) {
        for (const std::string letter : {"x", "ü", "\xF0\x9F\x98\x80"}) {
            SCOPED_TRACE(characters);
            SCOPED_TRACE(letter);
            const TempDir dir;
            std::string text;
            for (std::size_t i = 0; i < characters; ++i)
                text += letter;
            const std::size_t cut = text.size() / 2 + 1;  // in the middle of a character
            dir.write("output", text.substr(0, cut));
            dir.write("output.1", text.substr(cut, 7));
            dir.write("output.2", text.substr(cut + 7));
            const std::string shown = read_output(dir.path(), completed());
            if (characters <= 50'000) {
                EXPECT_EQ(shown, text);
                continue;
            }
            const std::string marker =
                "\n[" + std::to_string(characters - 50'000) + " characters omitted]\n";
            EXPECT_EQ(shown.find(marker), 25'000 * letter.size());
            EXPECT_EQ(utf8::length(shown), 50'000 + marker.size());
            EXPECT_TRUE(utf8::is_valid(shown));
        }
    }
}

TEST(Report, MarksWhatWasNotKeptAndBreaksNoCharacterThere) {
    const TempDir dir;
    dir.write("output", "head\xC3");  // the first half of ü
    dir.write("output.1",
              "\xBC"
              "older,");  // the second half of another
    dir.write("output.2", "newer");
    JobRecord job = completed();
    job.end.omitted_bytes = 100;
    EXPECT_EQ(read_output(dir.path(), job), "head\n[102 bytes omitted]\nolder,newer");
}

TEST(Report, IsValidTextWhateverWasPrinted) {
    const TempDir dir;
    dir.write("output", std::string("a\xff\xfe\0b\xC3", 6));
    EXPECT_EQ(read_output(dir.path(), completed()), std::string("a\uFFFD\uFFFD\0b\uFFFD", 12));
}

TEST(Report, OfATailBeginsWithAWholeCharacter) {
    const TempDir dir;
    dir.write("output", "one ü");
    dir.write("output.1", " two");
    EXPECT_EQ(read_output_tail(dir.path(), 100), "one ü two");
    EXPECT_EQ(read_output_tail(dir.path(), 6), "ü two");
    EXPECT_EQ(read_output_tail(dir.path(), 5), " two");
    EXPECT_EQ(read_output_tail(dir.path(), 0), "");
    EXPECT_EQ(read_output_tail(dir / "nothing", 5), "");
}

TEST(Report, ContainsNoPartOfAKeyAtACut) {
    const std::string key = "key-abcdefghijklmnopqrstuvwxyz";
    Secrets secrets;
    secrets.add(key);
    const auto expect_no_piece = [&](const std::string& shown) {
        for (std::size_t i = 0; i + 4 <= key.size(); ++i)
            EXPECT_EQ(shown.find(key.substr(i, 4)), std::string::npos)
                << "piece at " << i << " in ..." << shown.substr(0, 200);
    };
    std::string keys;
    while (keys.size() < 3'000'000)
        keys += key + "\n";
    for (std::size_t shift = 0; shift < key.size() + 1; ++shift) {
        SCOPED_TRACE(shift);
        const TempDir dir;
        // What is kept is cut in the middle of a key twice: where the beginning ends, and where the
        // end begins. The command itself printed whole keys.
        const std::size_t whole = (1000 + shift) / (key.size() + 1) * (key.size() + 1);
        dir.write("output", keys.substr(0, 1000 + shift));
        dir.write("output.1", keys.substr(shift, 500));
        dir.write("output.2", keys.substr(500 + shift, whole - (500 + shift)));
        JobRecord job = completed();
        job.end.omitted_bytes = 100;
        expect_no_piece(read_output(dir.path(), job, 50'000, secrets));
        expect_no_piece(read_output_tail(dir.path(), 1500, secrets));
        expect_no_piece(read_output_tail(dir.path(), 100 + shift, secrets));
    }
    // So many keys that what is read for the head and the tail is shorter without them.
    const TempDir dir;
    dir.write("output", keys);
    expect_no_piece(read_output(dir.path(), completed(), 50'000, secrets));
    expect_no_piece(read_output_tail(dir.path(), 10'000, secrets));
}

TEST(Report, HidesAKeyThatARunningJobHasNotPrintedToItsEnd) {
    Secrets secrets;
    secrets.add("key-abcdefghij");
    const TempDir dir;
    dir.write("output", "is key-abcd");
    JobRecord running;
    running.status = Status::kRunning;
    EXPECT_EQ(read_output_end(dir.path(), running, 100, secrets).text, "is [redacted]");
    EXPECT_EQ(read_output_end(dir.path(), completed(), 100, secrets).text, "is key-abcd");
    EXPECT_TRUE(read_output_end(dir.path(), running, 11, secrets).is_whole);
    EXPECT_FALSE(read_output_end(dir.path(), running, 10, secrets).is_whole);
}

std::string whole_output(const std::filesystem::path& folder, const JobRecord& job,
                         std::uint64_t max_bytes, const Secrets& secrets = {}) {
    WholeOutput output(folder, job, max_bytes, secrets);
    std::string text;
    for (std::string piece = output.next(); !piece.empty(); piece = output.next())
        text += piece;
    return text;
}

TEST(WholeOutput, IsPassedOnInPiecesWithoutKnownKeys) {
    const std::string key = "key-abcdefghijklmnopqrstuvwxyz";
    Secrets secrets;
    secrets.add(key);
    const TempDir dir;
    std::string printed, expected;
    for (int i = 0; i < 20'000; ++i) {
        printed += std::to_string(i) + " " + key + " line\n";
        expected += std::to_string(i) + " [redacted] line\n";
    }
    dir.write("output", printed);
    EXPECT_EQ(whole_output(dir.path(), completed(), 64U << 20U, secrets), expected);
    WholeOutput output(dir.path(), completed(), 64U << 20U, secrets);
    EXPECT_LT(output.next().size(), 200'000U);
    EXPECT_EQ(whole_output(dir / "nothing", completed(), 100), "");
}

TEST(WholeOutput, LeavesOutTheMiddleOfTooMuch) {
    const std::string key = "key-abcdefghijklmnopqrstuvwxyz";
    Secrets secrets;
    secrets.add(key);
    std::string printed;
    while (printed.size() < 5000)
        printed += key;
    for (std::size_t most = 1000; most < 1000 + key.size(); ++most) {
        SCOPED_TRACE(most);
        const TempDir dir;
        dir.write("output", printed);
        const std::string shown = whole_output(dir.path(), completed(), most, secrets);
        EXPECT_NE(shown.find(" bytes omitted]\n"), std::string::npos);
        for (std::size_t i = 0; i + 4 <= key.size(); ++i)
            EXPECT_EQ(shown.find(key.substr(i, 4)), std::string::npos) << shown;
    }
    const TempDir dir;
    dir.write("output", "head\n");
    dir.write("output.1", "older\n");
    dir.write("output.2", "newer");
    JobRecord job = completed();
    job.end.omitted_bytes = 100;
    EXPECT_EQ(whole_output(dir.path(), job, 1000), "head\n\n[100 bytes omitted]\nolder\nnewer");
}

TEST(Report, ReadsNoFifoAndFollowsNoLink) {
    const TempDir dir;
    dir.write("secret", "secret");
    std::filesystem::create_symlink(dir / "secret", dir / "output");
    ASSERT_EQ(::mkfifo((dir / "output.1").c_str(), 0600), 0);
    EXPECT_EQ(report(dir.path(), completed()), "(no output)");
}

TEST(Preview, IsTheFirstEightyCharactersOnOneLine) {
    EXPECT_EQ(preview("echo a\n\techo  b"), "echo a  echo  b");
    EXPECT_EQ(preview(std::string(100, 'x')), std::string(80, 'x'));
    std::string umlauts;
    for (int i = 0; i < 100; ++i)
        umlauts += "ü";
    EXPECT_EQ(preview(umlauts), umlauts.substr(0, 160));
    EXPECT_EQ(preview("a\x1b[31m"), "a [31m");
    EXPECT_EQ(preview("a\xC2\x85"
                      "b\xE2\x80\xA8"
                      "c\xE2\x80\xA9"
                      "d"),
              "a b c d");
    EXPECT_TRUE(utf8::is_valid(preview("\xff" + umlauts)));
}

TEST(Redacted, ReplacesSecretsInEveryTextOfARecord) {
    Secrets secrets;
    secrets.add("sk-ant-12345678");
    JobRecord job = completed();
    const auto texts = [](JobRecord& of) {
        return std::vector{&of.spec.command,   &of.spec.name,    &of.spec.cwd,
                           &of.spec.workspace, &of.end.ended_by, &of.end.reason};
    };
    for (std::string* text : texts(job))
        *text = "x sk-ant-12345678";
    job = redacted(job, secrets);
    for (const std::string* text : texts(job))
        EXPECT_EQ(*text, "x [redacted]");
}

}  // namespace
}  // namespace tenon::jobs
