// The plugin my-plugin of Tenon. It has one tool, my_plugin, which repeats a text: put your own in
// its place.
#include <tenon/plugin.hpp>

namespace {

// The host checks the arguments of each call against this JSON Schema, so the tool gets what it
// asks for.
constexpr const char* kSchema = R"({
  "type": "object",
  "properties": {
    "text": {"type": "string", "description": "What to repeat"},
    "times": {"type": "integer", "minimum": 1, "maximum": 100, "description": "How often; default: 2"}
  },
  "required": ["text"],
  "additionalProperties": false
})";

class MyPlugin : public tenon::Plugin {
public:
    using Plugin::Plugin;

    void setup(tenon::JsonView) override {
        // The flags state what the tool never does. With 0, the host assumes the worst.
        tool("my_plugin", "Repeats a text.", kSchema,
             TENON_READ_ONLY | TENON_IDEMPOTENT | TENON_CLOSED_WORLD | TENON_CONCURRENT, repeat)
            .subject("{text:first}");
    }

private:
    static void repeat(tenon::Call& call) {
        const std::string text = call.args().text("text");
        const std::int64_t times = call.args().integer("times", 2);
        // What is thrown is an answer for the model: say what to do.
        if (text.empty())
            throw tenon::Failure("The text is empty; pass one with at least one character.");
        for (std::int64_t i = 0; i < times; ++i)
            if (!call.write(i == 0 ? text : " " + text)) break;  // the result is full
    }
};

}  // namespace

TENON_PLUGIN(MyPlugin, "my-plugin", "0.1.0");
