#include "packaging/documents/settings_files.h"

#include <gmock/gmock.h>
#include <regex>

#include <gtest/gtest.h>

#include "host/config/key_texts.h"
#include "host/config/setting_values.h"
#include "host/config/table_views.h"
#include "tests/documents/machine_file.h"
#include "tests/structure/sources.h"

namespace tenon::documents {
namespace {

using tenon::testing::TempDir;
using tenon::testing::with_machine_file;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::filesystem::path kDocuments = std::filesystem::path(TENON_PREFIX) / "documents";

std::set<std::string> keys_set_by(const config::Configuration& configuration,
                                  const std::string& file) {
    std::set<std::string> keys;
    for (const config::ShownSetting& setting : config::shown_settings(configuration.table))
        if (setting.origin.find(file) != std::string::npos) keys.insert(setting.key);
    for (const auto& [key, settings] : configuration.table.all())
        for (const config::Setting& setting : settings)
            if (setting.origin.find(file) != std::string::npos) keys.insert(key);
    return keys;
}

std::set<std::string> every_key() {
    std::set<std::string> keys;
    for (const config::KeySpec& key : config::setting_keys())
        keys.insert(std::string(key.key));
    for (const config::KeySpec& key : config::plugin_setting_keys())
        keys.insert("plugins.example." + std::string(key.key));
    for (const char* key : {"model.headers.X-Team", "model.fallback.1.provider",
                            "model.fallback.1.baseUrl", "model.fallback.1.name"})
        keys.insert(key);
    return keys;
}

/// The text with every setting that is a comment made one, and the lines of those that are alone.
struct Uncommented {
    std::string all;
    std::vector<std::string> single;
};

Uncommented uncommented_xml(const std::string& text) {
    const std::regex line(R"re(\n  <!-- (<[a-z].*>) -->)re"),
        block(R"re(\n  <!--\n((?:.|\n)*?)\n  -->)re");
    Uncommented out{std::regex_replace(text, line, "\n  $1"), {}};
    out.all = std::regex_replace(out.all, block, "\n$1");
    for (std::sregex_iterator at(text.begin(), text.end(), line), end; at != end; ++at)
        out.single.push_back((*at)[1]);
    return out;
}

Uncommented uncommented_properties(const std::string& text) {
    const std::regex line(R"re(\n#([a-z][^ ]* = .*))re");
    Uncommented out{std::regex_replace(text, line, "\n$1"), {}};
    for (std::sregex_iterator at(text.begin(), text.end(), line), end; at != end; ++at)
        out.single.push_back((*at)[1]);
    return out;
}

TEST(SettingsFiles, OfTheBuildAreThoseOfTheTable) {
    EXPECT_EQ(tenon::testing::content_of(kDocuments / "tenon.xml"), settings_in_xml());
    EXPECT_EQ(tenon::testing::content_of(kDocuments / "tenon.properties"),
              settings_in_properties());
}

TEST(SettingsFiles, SetNothingAsTheyAre) {
    for (const char* name : {"tenon.xml", "tenon.properties"}) {
        SCOPED_TRACE(name);
        const TempDir dir;
        const auto found =
            with_machine_file(dir, name, tenon::testing::content_of(kDocuments / name));
        EXPECT_THAT(found.errors, IsEmpty());
        EXPECT_THAT(found.warnings, IsEmpty());
        EXPECT_THAT(found.files, ElementsAre((dir / "etc" / name).string()));
        EXPECT_THAT(keys_set_by(found, name), IsEmpty());
    }
}

TEST(SettingsFiles, SetEveryKeyWhenEverySettingIsUncommented) {
    for (const char* name : {"tenon.xml", "tenon.properties"}) {
        SCOPED_TRACE(name);
        const TempDir dir;
        const std::string text = tenon::testing::content_of(kDocuments / name);
        const bool xml = std::string_view(name) == "tenon.xml";
        const auto found = with_machine_file(
            dir, name, (xml ? uncommented_xml(text) : uncommented_properties(text)).all);
        EXPECT_THAT(found.errors, IsEmpty());
        EXPECT_EQ(keys_set_by(found, name), every_key());
    }
}

TEST(SettingsFiles, HaveSettingsOfWhichEachCanBeUncommentedAlone) {
    const auto xml = uncommented_xml(settings_in_xml()).single;
    const auto properties = uncommented_properties(settings_in_properties()).single;
    EXPECT_EQ(xml.size(), config::setting_keys().size());
    EXPECT_EQ(properties.size(), every_key().size());
    const TempDir dir;
    for (const std::string& line : xml) {
        SCOPED_TRACE(line);
        const auto found = with_machine_file(dir, "tenon.xml", "<tenon>\n" + line + "\n</tenon>\n");
        EXPECT_THAT(found.errors, IsEmpty());
        EXPECT_EQ(keys_set_by(found, "tenon.xml").size(), 1U);
    }
    const TempDir other;
    for (const std::string& line : properties) {
        SCOPED_TRACE(line);
        const bool needs_name =
            line.starts_with("model.fallback.1.") && !line.starts_with("model.fallback.1.name");
        if (needs_name) continue;
        const auto found = with_machine_file(other, "tenon.properties", line + "\n");
        EXPECT_THAT(found.errors, IsEmpty());
        EXPECT_EQ(keys_set_by(found, "tenon.properties").size(), 1U);
    }
}

TEST(KeyTexts, KnowTheHostsKeysOfPluginsAndWhatAKeyAllows) {
    std::vector<std::string_view> names;
    for (const config::KeySpec& key : config::plugin_setting_keys())
        names.push_back(key.key);
    EXPECT_THAT(names, ElementsAre("enabled", "isolated", "callTimeout", "grants"));
    EXPECT_EQ(config::allowed_values(*config::find_key("log.format")), "text, json");
    EXPECT_EQ(config::first_sentence("One. Two."), "One");
    EXPECT_EQ(config::first_sentence("One."), "One");
    EXPECT_THAT(config::listed_choices("a, b"), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace tenon::documents
