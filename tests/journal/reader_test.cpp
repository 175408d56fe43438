#include "host/journal/reader.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::journal {
namespace {

using Condition = Place::Condition;

std::string line(int seq, const std::string& members) {
    return R"({"v":1,"seq":)" + std::to_string(seq) + "," + members + "}\n";
}
std::string without_end(std::string text) {
    text.pop_back();
    return text;
}

struct Seen {
    Condition condition = Condition::kWhole;
    std::size_t line = 0;
    RecordType type = RecordType::kNone;
    bool operator==(const Seen&) const = default;
};
void PrintTo(const Seen& seen, std::ostream* out) {
    *out << "condition " << static_cast<int>(seen.condition) << ", line " << seen.line << ", type "
         << static_cast<int>(seen.type);
}

std::vector<Seen> all(Reader& reader) {
    std::vector<Seen> seen;
    for (auto place = reader.next(); place && *place; place = reader.next())
        seen.push_back({(*place)->condition, (*place)->line, (*place)->type});
    return seen;
}

const std::string kText = line(1, R"("type":"user","text":"a")");
const std::string kClear = line(2, R"("type":"clear")");

TEST(Reader, JudgesWhatIsDamagedAtEachPlace) {
    const std::string nuls(20, '\0');
    constexpr auto kWhole = Condition::kWhole;
    const Seen text{kWhole, 1, RecordType::kText};
    struct Case {
        const char* what;
        std::string journal;
        std::vector<Seen> seen;
        FileEnd end;
    };
    const Case cases[] = {
        {"an empty file", "", {}, FileEnd::kWhole},
        {"whole records", kText + kClear, {text, {kWhole, 2, RecordType::kClear}}, FileEnd::kWhole},
        {"no line end", without_end(kText), {text}, FileEnd::kUnended},
        {"half a record", kText + kClear.substr(0, 20), {text}, FileEnd::kHalfLine},
        {"half of something else",
         kText + "rubbish",
         {text, {Condition::kDamaged, 2, RecordType::kNone}},
         FileEnd::kUnended},
        {"a damaged line that begins as a record",
         R"({"v":1,"seq":1,"type":"user","text":"a)"
         "\n" +
             kClear,
         {{Condition::kDamaged, 1, RecordType::kNone}, {kWhole, 2, RecordType::kClear}},
         FileEnd::kWhole},
        {"NULs between two records",
         without_end(kText) + nuls + kClear,
         {{Condition::kBesideNuls, 1, RecordType::kText},
          {Condition::kBesideNuls, 1, RecordType::kClear}},
         FileEnd::kWhole},
        {"nothing but NULs",
         nuls + "\n",
         {{Condition::kDamaged, 1, RecordType::kNone}},
         FileEnd::kWhole},
        {"the same record twice",
         kText + kText,
         {text, {Condition::kRepeated, 2, RecordType::kText}},
         FileEnd::kWhole},
        {"another record of the same seq",
         kText + line(1, R"("type":"clear")"),
         {text, {kWhole, 2, RecordType::kClear}},
         FileEnd::kWhole},
        {"a later version",
         R"({"v":2,"seq":1,"type":"user"})"
         "\n",
         {{Condition::kNewer, 1, RecordType::kText}},
         FileEnd::kWhole},
        {"types nobody knows",
         line(1, R"("type":"future")") + line(2, R"("x":1)"),
         {{kWhole, 1, RecordType::kUnknown}, {kWhole, 2, RecordType::kNone}},
         FileEnd::kWhole},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        const testing::TempDir dir;
        dir.write("s.jsonl", c.journal);
        auto reader = Reader::open(dir / "s.jsonl");
        ASSERT_TRUE(reader) << reader.error().message;
        EXPECT_EQ(all(*reader), c.seen);
        EXPECT_EQ(reader->file_end(), c.end);
    }
}

TEST(Reader, DoesNotParseRecordsOfTypesThatNobodyAskedFor) {
    const testing::TempDir dir;
    // What stands behind the type is not looked at.
    dir.write("s.jsonl", R"({"v":1,"seq":1,"type":"assistant","content":[damaged)"
                         "\n" +
                             kText + kText);
    auto reader = Reader::open(dir / "s.jsonl", {RecordType::kText});
    ASSERT_TRUE(reader);
    auto place = reader->next();
    ASSERT_TRUE(place && *place);
    EXPECT_EQ((*place)->type, RecordType::kAnswer);
    EXPECT_FALSE((*place)->record);
    place = reader->next();
    ASSERT_TRUE(place && *place && (*place)->record);
    EXPECT_EQ((*place)->record->string("text"), "a");
    reader->stop_parsing(RecordType::kText);
    place = reader->next();
    ASSERT_TRUE(place && *place);
    EXPECT_EQ((*place)->type, RecordType::kText);
    EXPECT_FALSE((*place)->record);
}

TEST(Reader, GivesOutOnlyWhatCanBeUsedWhenItIsAskedForRecords) {
    const testing::TempDir dir;
    dir.write("s.jsonl", "rubbish\n" + kText + kText + kClear + R"({"v":2,"type":"user"})" + "\n");
    auto reader = Reader::open(dir / "s.jsonl");
    ASSERT_TRUE(reader);
    for (const RecordType type : {RecordType::kText, RecordType::kClear}) {
        const auto record = reader->next_record();
        ASSERT_TRUE(record && *record);
        EXPECT_EQ((*record)->type(), type);
    }
    const auto newer = reader->next_record();
    ASSERT_FALSE(newer);
    EXPECT_NE(newer.error().message.find("s.jsonl:5: written by a newer tenon (record version 2"),
              std::string::npos)
        << newer.error().message;
}

TEST(Reader, KnowsTheSeqThatTheNextRecordComesAfter) {
    struct Case {
        std::string journal;
        std::int64_t last;
    };
    for (const Case& c : {Case{"", -1},
                          {kText.substr(0, 10), -1},
                          {kText, 1},
                          {line(7, R"("type":"clear")") + kText, 7},
                          {"rubbish\nrubbish\nrubbish\n", 2}}) {
        SCOPED_TRACE(c.journal);
        const testing::TempDir dir;
        dir.write("s.jsonl", c.journal);
        auto reader = Reader::open(dir / "s.jsonl");
        ASSERT_TRUE(reader);
        (void)all(*reader);
        EXPECT_EQ(reader->last_seq(), c.last);
    }
}

}  // namespace
}  // namespace tenon::journal
