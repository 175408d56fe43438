#include <gmock/gmock.h>
#include <set>
#include <sstream>
#include <tuple>

#include <gtest/gtest.h>

#include "host/config/table_views.h"
#include "tests/documents/machine_file.h"
#include "tests/documents/page_source.h"

/// The examples of configuration in README.md and tenon.xml(5), tried as the machine's own file.
namespace tenon::documents {
namespace {

using tenon::testing::TempDir;
using tenon::testing::with_machine_file;
using ::testing::IsEmpty;

struct Example {
    std::string where;  ///< "README.md:12"
    std::string file;   ///< tenon.xml or tenon.properties
    std::string text;
};
using Examples = std::vector<Example>;

Examples examples_of_readme() {
    Examples out;
    bool inside = false;
    int number = 0;
    std::istringstream in(tenon::testing::content_of(tenon::testing::kSource / "README.md"));
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (inside && line == "```") {
            inside = false;
        } else if (inside) {
            out.back().text += line + "\n";
        } else if (line == "```xml" || line == "```properties") {
            inside = true;
            out.push_back(
                {"README.md:" + std::to_string(number), "tenon." + line.substr(3), std::string()});
        }
    }
    return out;
}

Examples examples_of_page() {
    Examples out;
    bool inside = false;
    int number = 0;
    std::istringstream in(tenon::testing::page_source("tenon.xml.5"));
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (line == ".EE") {
            inside = false;
        } else if (inside) {
            Example& example = out.back();
            if (example.text.empty())
                example.file = line.starts_with('<') ? "tenon.xml" : "tenon.properties";
            example.text += tenon::testing::as_read(line) + "\n";
        } else if (line == ".EX") {
            inside = true;
            out.push_back({"tenon.xml.5:" + std::to_string(number), {}, {}});
        }
    }
    return out;
}

/// Every key with a value and whether it is locked, without where that is written.
using ReadSettings = std::set<std::tuple<std::string, std::string, bool>>;

ReadSettings settings_in(const Example& example) {
    const TempDir dir;
    ReadSettings out;
    const auto found = with_machine_file(dir, example.file, example.text);
    for (const config::ShownSetting& setting : config::shown_settings(found.table)) {
        // The directories of this one test are not those of the other.
        std::string value = setting.value;
        if (const auto at = value.find(dir.path()); at != std::string::npos)
            value.replace(at, std::string(dir.path()).size(), "DIR");
        out.insert({setting.key, value, !setting.lock.empty()});
    }
    return out;
}

const Example* longest(const Examples& examples, const std::string& file) {
    const Example* found = nullptr;
    for (const Example& example : examples)
        if (example.file == file && (!found || example.text.size() > found->text.size()))
            found = &example;
    return found;
}

TEST(Examples, AreReadWithoutErrorAndWarning) {
    Examples all = examples_of_readme();
    ASSERT_GE(all.size(), 4U);
    const Examples of_page = examples_of_page();
    ASSERT_EQ(of_page.size(), 4U);
    all.insert(all.end(), of_page.begin(), of_page.end());
    for (const Example& example : all) {
        SCOPED_TRACE(example.where);
        const TempDir dir;
        std::filesystem::create_directories(dir / "plugins");  // an example names ~/plugins
        const auto found = with_machine_file(dir, example.file, example.text);
        EXPECT_THAT(found.errors, IsEmpty());
        EXPECT_THAT(found.warnings, IsEmpty());
        EXPECT_NE(settings_in(example), settings_in({{}, example.file, {}})) << "it sets nothing";
    }
}

TEST(Examples, InBothFormsGiveTheSameSettings) {
    for (const Examples& examples : {examples_of_readme(), examples_of_page()}) {
        const Example* const xml = longest(examples, "tenon.xml");
        const Example* const properties = longest(examples, "tenon.properties");
        ASSERT_TRUE(xml != nullptr && properties != nullptr);
        SCOPED_TRACE(xml->where + " and " + properties->where);
        EXPECT_EQ(settings_in(*xml), settings_in(*properties));
    }
}

}  // namespace
}  // namespace tenon::documents
