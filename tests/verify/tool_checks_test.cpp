#include "host/verify/tool_checks.h"

#include <gtest/gtest.h>

namespace tenon::verify {
namespace {

using Names = std::vector<std::string>;

TEST(RequiredButUnknown, NamesWhatNoPropertyHas) {
    const struct {
        const char* schema;
        Names unknown;
    } rows[] = {
        {R"({"properties":{"name":{}},"required":["name"]})", {}},
        {R"({"properties":{"name":{}},"required":["nmae","name"]})", {R"("nmae")"}},
        {R"({"required":["name"]})", {R"("name")"}},
        {R"({"properties":{"name":{}},"required":["x"],"additionalProperties":false})", {R"("x")"}},
        {R"({"properties":{"name":{}},"required":["x"],"additionalProperties":true})", {}},
        {R"({"properties":{},"required":["x"],"additionalProperties":{"type":"string"}})", {}},
        {R"({"properties":{},"required":["x"],"patternProperties":{"^x":{}}})", {}},
        {R"({"properties":{"a":{"properties":{"b":{}},"required":["c"]}}})",
         {R"("c" in /properties/a)"}},
        {R"({"properties":{"a":{"items":{"properties":{"b":{}},"required":["c"]}}}})",
         {R"("c" in /properties/a/items)"}},
        {R"({"$defs":{"a":{"properties":{"b":{}},"required":["c"]}}})", {R"("c" in /$defs/a)"}},
        // The properties of these are elsewhere.
        {R"({"properties":{"a":{"required":["c"]}}})", {}},
        {R"({"properties":{"a":{"anyOf":[{"properties":{"b":{}},"required":["c"]}]}}})", {}},
        {R"({"required":"name","properties":[]})", {}},
        {R"([])", {}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.schema);
        EXPECT_EQ(required_but_unknown(json_or_null(row.schema)), row.unknown);
    }
}

}  // namespace
}  // namespace tenon::verify
