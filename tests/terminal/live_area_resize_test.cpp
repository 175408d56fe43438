#include <random>

#include <gtest/gtest.h>

#include "tests/terminal/model_screen.h"

/// Sequences of changes, the same in each run, against models of terminals.
namespace tenon::terminal {
namespace {

using Kind = ModelScreen::Kind;

constexpr ScreenSize kSizes[] = {{20, 5}, {33, 8}, {40, 12}, {80, 24}, {80, 10}, {200, 50}};

/// A program that draws on a terminal, and the person who changes its size.
class Drawing {
public:
    Drawing(Kind kind, bool rewraps, unsigned seed)
        : random_(seed), size_(one_size()), screen_(kind, size_), area_(rewraps) {
        draw();
    }

    void print() {
        for (std::size_t count = up_to(6); count > 0; --count)
            finished_ += "line " + std::to_string(++printed_) + " " +
                         std::string(up_to(4) == 0 ? up_to(60) : 0, 'x') + "\n";
    }
    void change_rows() { wanted_ = 1 + up_to(up_to(3) == 0 ? 30 : 4); }
    /// To several sizes, of which the program sees all.
    void resize() {
        for (std::size_t count = 1 + up_to(2); count > 0; --count) {
            size_ = one_size();
            screen_.resize(size_);
            area_.screen_changed(size_);
            remains_ = std::max(remains_, live_rows(0, screen_.scrolled()));
        }
        resized_ = true;
    }
    /// The program writes before it sees that the terminal is another.
    void resize_unseen() {
        const ScreenSize before = std::exchange(size_, one_size());
        screen_.resize(size_);
        LiveRows rows = rows_for(before);
        screen_.show(area_.update(std::exchange(finished_, {}), std::move(rows), before));
        resized_ = true;
    }
    void draw() {
        LiveRows rows = rows_for(size_);
        drawn_ = rows;
        const std::string finished = std::exchange(finished_, {});
        screen_.show(std::exchange(resized_, false)
                         ? area_.update_resized(finished, std::move(rows), size_)
                         : area_.update(finished, std::move(rows), size_));
    }
    void do_anything(bool also_unseen) {
        switch (up_to(also_unseen ? 4 : 3)) {
            case 0:
                print();
                break;
            case 1:
                change_rows();
                break;
            case 4:
                if (!resized_) resize_unseen();
                break;
            default:
                resize();
        }
        if (up_to(2) != 0) draw();
    }

    void expect_each_line_once() const {
        std::size_t last = 0;
        for (const auto& row : screen_.rows()) {
            if (!row.text.starts_with("line ")) continue;
            ASSERT_EQ(std::stoul(row.text.substr(5)), last + 1) << screen_.text();
            ++last;
        }
        ASSERT_EQ(last, printed_) << screen_.text();
    }
    void expect_each_line() const {
        std::string all;
        for (const auto& row : screen_.rows())
            all += row.text + (row.goes_on ? "" : "\n");
        std::size_t last = 0;
        for (auto at = all.find("line "); at != all.npos; at = all.find("line ", at + 1)) {
            const std::size_t number = std::stoul(all.substr(at + 5));
            ASSERT_LE(number, last + 1) << screen_.text();
            last = std::max(last, number);
        }
        ASSERT_EQ(last, printed_) << screen_.text();
    }
    /// The area is whole and the last thing on the screen; of older ones there are only those rows
    /// that the terminal itself has moved into the scrollback.
    void expect_one_area() const {
        const auto& rows = screen_.rows();
        const std::size_t start = screen_.scrolled() + screen_.cursor_row() - drawn_.cursor_row;
        ASSERT_LE(start + drawn_.rows.size(), rows.size()) << screen_.text();
        for (std::size_t i = 0; i < drawn_.rows.size(); ++i)
            ASSERT_EQ(rows[start + i].text, drawn_.rows[i]) << screen_.text();
        const std::size_t others =
            live_rows(0, start) + live_rows(start + drawn_.rows.size(), rows.size());
        ASSERT_LE(others, remains_) << screen_.text();
    }

private:
    std::size_t up_to(std::size_t last) { return random_() % (last + 1); }
    ScreenSize one_size() { return kSizes[up_to(std::size(kSizes) - 1)]; }
    /// The rows of areas from `begin` to `end`, without those that continue another one.
    std::size_t live_rows(std::size_t begin, std::size_t end) const {
        const auto& rows = screen_.rows();
        std::size_t count = 0;
        for (std::size_t i = begin; i < end; ++i)
            if (rows[i].text.find('~') != std::string::npos && (i == 0 || !rows[i - 1].goes_on))
                ++count;
        return count;
    }
    LiveRows rows_for(ScreenSize size) {
        LiveRows live;
        live.rows.resize(std::min(wanted_, size.rows));
        for (std::string& row : live.rows)
            row = std::string(up_to(2) == 0 ? size.columns : 1 + up_to(size.columns - 1), '~');
        live.cursor_row = up_to(live.rows.size() - 1);
        live.cursor_column = up_to(live.rows[live.cursor_row].size() - 1);
        return live;
    }

    std::mt19937 random_;
    ScreenSize size_;
    ModelScreen screen_;
    LiveArea area_;
    LiveRows drawn_;
    std::string finished_;
    std::size_t printed_ = 0, wanted_ = 2;
    std::size_t remains_ = 0;
    bool resized_ = false;
};

constexpr unsigned kSeeds = 60, kSteps = 60;

TEST(LiveAreaResize, HasEachLineOnceAndOneArea) {
    for (const Kind kind : {Kind::kCuts, Kind::kCutsKeeps, Kind::kRewraps}) {
        for (unsigned seed = 0; seed < kSeeds; ++seed) {
            SCOPED_TRACE(::testing::Message() << static_cast<int>(kind) << " seed " << seed);
            Drawing drawing(kind, kind == Kind::kRewraps, seed);
            for (unsigned step = 0; step < kSteps && !HasFatalFailure(); ++step) {
                drawing.do_anything(false);
                drawing.draw();
                drawing.expect_each_line_once();
                drawing.expect_one_area();
            }
            if (HasFatalFailure()) return;
        }
    }
}

/// What is written to a terminal that is about to change, or that is not known to wrap rows anew,
/// can be there twice.
TEST(LiveAreaResize, LosesNoLine) {
    for (const Kind kind : {Kind::kCuts, Kind::kCutsKeeps, Kind::kRewraps}) {
        for (unsigned seed = 0; seed < kSeeds; ++seed) {
            SCOPED_TRACE(::testing::Message() << static_cast<int>(kind) << " seed " << seed);
            Drawing drawing(kind, false, seed);
            for (unsigned step = 0; step < kSteps && !HasFatalFailure(); ++step) {
                drawing.do_anything(kind != Kind::kRewraps);
                drawing.draw();
                drawing.expect_each_line();
            }
            if (HasFatalFailure()) return;
        }
    }
}

}  // namespace
}  // namespace tenon::terminal
