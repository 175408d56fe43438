#include "host/session/answer_schema.h"

#include <array>

#include "host/base/atomic_file.h"
#include "host/base/is_among.h"
#include "host/base/utf8.h"
#include "host/plugins/schema.h"

namespace tenon::session {
namespace {

constexpr std::size_t kMostSchemaBytes = std::size_t{1} << 20U;

class SchemaForm final : public agent::AnswerForm {
public:
    SchemaForm(std::string text, Json schema, plugins::Schema compiled)
        : text_(std::move(text)),
          schema_(std::move(schema)),
          wraps_(!plugins::Schema::compile_tool_input(schema_)),
          compiled_(std::move(compiled)) {}

    [[nodiscard]] std::string_view schema() const override { return text_; }
    [[nodiscard]] bool wraps() const override { return wraps_; }
    [[nodiscard]] Json input_schema() const override {
        if (!wraps_) return schema_;
        const std::string name(kWrapped);
        Json inner = schema_;
        move_references(inner, "#/properties/" + name);
        return {{"type", "object"},
                {"properties", {{name, std::move(inner)}}},
                {"required", {name}},
                {"additionalProperties", false}};
    }
    [[nodiscard]] std::optional<std::string> flaw(const Json& document) const override {
        const auto fits = compiled_.check(document, "the document");
        if (fits) return std::nullopt;
        return fits.error().message;
    }

private:
    /// References count from the top of the whole schema, which is another one now.
    static void move_references(Json& schema, const std::string& top) {
        static constexpr std::array<std::string_view, 4> kData = {"const", "default", "enum",
                                                                  "examples"};
        static constexpr std::array<std::string_view, 4> kByName = {"$defs", "definitions",
                                                                    "dependencies", "properties"};
        if (schema.is_array())
            for (Json& part : schema)
                move_references(part, top);
        if (!schema.is_object()) return;
        for (auto& [key, value] : schema.items()) {
            const std::string* target = key == "$ref" ? string_in(value) : nullptr;
            if (target != nullptr && target->starts_with('#')) value = top + target->substr(1);
            if (is_among(kData, key)) continue;
            if (!is_among(kByName, key)) {
                move_references(value, top);
            } else if (value.is_object()) {
                for (auto& [name, part] : value.items())
                    move_references(part, top);
            }
        }
    }

    std::string text_;
    Json schema_;
    bool wraps_;
    plugins::Schema compiled_;
};

}  // namespace

Result<std::unique_ptr<const agent::AnswerForm>> read_answer_schema(
    const std::string& given, const std::filesystem::path& home) {
    using Form = std::unique_ptr<const agent::AnswerForm>;
    const bool is_text = utf8::trimmed(given).starts_with('{');
    const bool is_in_home = !home.empty() && given.starts_with("~/");
    const std::string file = is_in_home ? (home / given.substr(2)).string() : given;
    auto text = is_text ? Result<std::string>(given) : read_whole_file(file, kMostSchemaBytes);
    if (!text) return text.error();
    const std::string where = is_text ? "" : file + ": ";
    *text = std::string(utf8::without_byte_order_mark(*text));
    auto schema = parse_json(*text);
    if (!schema) return Error{where + "not a JSON document: " + schema.error().message};
    auto compiled = plugins::Schema::compile_answer(*schema);
    if (!compiled) return Error{where + compiled.error().message};
    return Form(std::make_unique<SchemaForm>(compact_json(*text), *std::move(schema),
                                             *std::move(compiled)));
}

}  // namespace tenon::session
