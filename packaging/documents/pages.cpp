#include "packaging/documents/pages.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "packaging/documents/items.h"
#include "packaging/documents/roff.h"

namespace tenon::documents {
namespace {

/// Goes through a template line by line.
class Page {
public:
    explicit Page(const Edition& edition) : edition_(edition) {}

    Result<void> take(const std::string& line) {
        if (!line.starts_with('@')) {
            (more_ != nullptr ? *more_ : out_) += line + "\n";
            return {};
        }
        const auto blank = std::min(line.find(' '), line.size());
        const std::string directive = line.substr(1, blank - 1);
        const std::string rest = line.substr(std::min(blank + 1, line.size()));
        if (directive == "more") return begin_more(rest);
        flush_items();
        if (directive == "end") return {};
        if (directive == "title") return title(rest);
        auto items = items_of(directive, rest);
        if (!items) return items.error();
        items_ = *std::move(items);
        return {};
    }

    std::string text() && {
        flush_items();
        return std::move(out_);
    }

private:
    Result<void> begin_more(const std::string& name) {
        const auto item = std::find_if(items_.begin(), items_.end(), [&](const Item& known) {
            return known.name == name && !name.empty();
        });
        if (item == items_.end()) return Error{"@more " + name + ": there is no such item here"};
        more_ = &item->text;
        return {};
    }

    void flush_items() {
        for (const Item& item : items_)
            out_ += item.text;
        items_.clear();
        more_ = nullptr;
    }

    Result<void> title(const std::string& rest) {
        std::istringstream words(rest);
        std::string name, section, manual;
        words >> name >> section;
        std::getline(words >> std::ws, manual);
        out_ += ".TH " + roff_text(name) + " " + section + " " + edition_.date + " \"Tenon " +
                edition_.version + "\" \"" + manual + "\"\n";
        return {};
    }

    const Edition& edition_;
    std::string out_;
    std::vector<Item> items_;  ///< of the last directive, which may still get more text
    std::string* more_ = nullptr;
};

}  // namespace

Result<std::string> page_of(std::string_view page_template, const Edition& edition) {
    Page page(edition);
    std::istringstream in{std::string(page_template)};
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (auto taken = page.take(line); !taken)
            return taken.error().while_doing("line " + std::to_string(number));
    }
    return std::move(page).text();
}

}  // namespace tenon::documents
