#include "host/ui/line_diff.h"

#include <algorithm>
#include <unordered_map>

namespace tenon::ui {
namespace {

/// The trace needs memory for the square of the number of changes.
constexpr int kMostChanges = 1000;

using Ids = std::vector<int>;

/// Lines as numbers: equal lines have equal ones.
class Numbering {
public:
    int of(std::string_view line) {
        return ids_.try_emplace(line, static_cast<int>(ids_.size())).first->second;
    }

private:
    std::unordered_map<std::string_view, int> ids_;
};

/// The furthest-reaching paths, remembered for each number of changes to walk them back.
class Myers {
public:
    Myers(const Ids& before, const Ids& after)
        : before_(before),
          after_(after),
          n_(static_cast<int>(before.size())),
          m_(static_cast<int>(after.size())) {}

    /// The edits in order; empty when there are too many changes.
    std::vector<LineEdit> script() {
        const int most = std::min(n_ + m_, kMostChanges);
        std::vector<int> furthest(2 * static_cast<std::size_t>(most) + 3, 0);
        const int middle = most + 1;
        for (int d = 0; d <= most; ++d) {
            bool done = false;
            for (int k = -d; k <= d && !done; k += 2) {
                int& x = furthest[index(middle + k)];
                x = start(furthest, middle, d, k);
                for (int y = x - k; x < n_ && y < m_ && same(x, y); ++y)
                    ++x;
                done = x >= n_ && x - k >= m_;
            }
            trace_.emplace_back(furthest.begin() + middle - d, furthest.begin() + middle + d + 1);
            if (done) return walk_back(d);
        }
        return {};
    }

private:
    static std::size_t index(int at) { return static_cast<std::size_t>(at); }
    [[nodiscard]] bool same(int x, int y) const { return before_[index(x)] == after_[index(y)]; }

    static bool comes_from_above(const std::vector<int>& row, int middle, int d, int k) {
        if (k == -d) return true;
        return k != d && row[index(middle + k - 1)] < row[index(middle + k + 1)];
    }
    static int start(const std::vector<int>& row, int middle, int d, int k) {
        if (d == 0) return 0;
        return comes_from_above(row, middle, d, k) ? row[index(middle + k + 1)]
                                                   : row[index(middle + k - 1)] + 1;
    }

    std::vector<LineEdit> walk_back(int d) {
        std::vector<LineEdit> script;
        int x = n_;
        int y = m_;
        for (; d > 0; --d) {
            // The previous row has the diagonals from -(d-1) to d-1.
            const std::vector<int>& row = trace_[index(d - 1)];
            const int k = x - y;
            const bool above = comes_from_above(row, d - 1, d, k);
            const int from_k = above ? k + 1 : k - 1;
            const int from_x = row[index(d - 1 + from_k)];
            const int from_y = from_x - from_k;
            const int snake = std::min(x - from_x - (above ? 0 : 1), y - from_y - (above ? 1 : 0));
            script.insert(script.end(), index(snake), LineEdit::kSame);
            script.push_back(above ? LineEdit::kAdded : LineEdit::kRemoved);
            x = from_x;
            y = from_y;
        }
        script.insert(script.end(), index(x), LineEdit::kSame);
        std::reverse(script.begin(), script.end());
        return script;
    }

    const Ids& before_;
    const Ids& after_;
    int n_;
    int m_;
    std::vector<std::vector<int>> trace_;
};

std::size_t common_prefix(const Ids& a, const Ids& b) {
    return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                                    a.begin());
}

std::size_t common_suffix(const Ids& a, const Ids& b, std::size_t prefix) {
    const std::size_t most = std::min(a.size(), b.size()) - prefix;
    std::size_t n = 0;
    while (n < most && a[a.size() - 1 - n] == b[b.size() - 1 - n])
        ++n;
    return n;
}

Ids middle_of(const Ids& ids, std::size_t prefix, std::size_t suffix) {
    return {ids.begin() + static_cast<std::ptrdiff_t>(prefix),
            ids.end() - static_cast<std::ptrdiff_t>(suffix)};
}

std::vector<LineEdit> replace_all_lines(std::size_t removed, std::size_t added) {
    std::vector<LineEdit> script(removed, LineEdit::kRemoved);
    script.insert(script.end(), added, LineEdit::kAdded);
    return script;
}

}  // namespace

std::vector<LineChange> compare(const std::vector<std::string_view>& before,
                                const std::vector<std::string_view>& after) {
    Numbering numbering;
    Ids a;
    Ids b;
    for (const std::string_view line : before)
        a.push_back(numbering.of(line));
    for (const std::string_view line : after)
        b.push_back(numbering.of(line));
    const std::size_t prefix = common_prefix(a, b);
    const std::size_t suffix = common_suffix(a, b, prefix);
    const Ids from = middle_of(a, prefix, suffix);
    const Ids to = middle_of(b, prefix, suffix);
    std::vector<LineEdit> script = Myers(from, to).script();
    if (script.empty()) script = replace_all_lines(from.size(), to.size());
    script.insert(script.begin(), prefix, LineEdit::kSame);
    script.insert(script.end(), suffix, LineEdit::kSame);

    std::vector<LineChange> changes;
    std::size_t x = 0;
    std::size_t y = 0;
    for (const LineEdit edit : script) {
        changes.push_back({edit, x, y});
        if (edit != LineEdit::kAdded) ++x;
        if (edit != LineEdit::kRemoved) ++y;
    }
    return changes;
}

}  // namespace tenon::ui
