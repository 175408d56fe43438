#include "host/plugins/named_prompts.h"

#include <gtest/gtest.h>

namespace tenon::plugins {
namespace {

using Prompts = std::vector<NamedPrompt>;

TEST(NamedPrompts, AreReadFromWhatAPluginHasPut) {
    struct Case {
        std::string json;
        Prompts prompts;
    };
    for (const Case& c : std::vector<Case>{
             {R"([{"name":"pdf","description":"For pdf.","arguments":"[file]"}])",
              {{"pdf", "For pdf.", "[file]"}}},
             {R"([{"name":"kit:pdf"},{"name":"a b"},{"name":"a/b"},{"name":""},{"x":1},7])",
              {{"kit:pdf", "", ""}}},
             {R"([{"name":"x","description":"a\nb\tc"}])", {{"x", "a b c", ""}}},
             {"", {}},
             {"{}", {}},
             {"[", {}}}) {
        SCOPED_TRACE(c.json);
        EXPECT_EQ(read_named_prompts(c.json), c.prompts);
    }
}

TEST(NamedPrompts, HaveATextOrAReason) {
    struct Case {
        std::string json, text, error;
    };
    for (const Case& c : std::vector<Case>{{R"({"text":"Do it."})", "Do it.", ""},
                                           {R"({"error":"it is gone"})", "", "it is gone"},
                                           {R"({"text":""})", "", "it has no text"},
                                           {"{", "", "the plugin gave no usable answer"},
                                           {"", "", "the plugin gave no usable answer"}}) {
        SCOPED_TRACE(c.json);
        const auto text = read_prompt_text(c.json);
        EXPECT_EQ(text ? *text : "", c.text);
        EXPECT_EQ(text ? "" : text.error().message, c.error);
    }
}

}  // namespace
}  // namespace tenon::plugins
