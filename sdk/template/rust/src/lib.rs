//! The plugin my-plugin of Tenon. It has one tool, my_plugin, which repeats a text: put your own in its place.

#[macro_use]
mod tenon;
#[cfg(test)]
mod tenon_testing;

use tenon::{Call, Failure, Host, Json, Tool};

struct MyPlugin;

impl tenon::Plugin for MyPlugin {
    const TOOLS: &'static [Tool] = &[Tool {
        name: "my_plugin",
        description: "Repeats a text.",
        // The host checks the arguments of each call against this JSON Schema.
        input_schema: r#"{
            "type": "object",
            "properties": {
                "text": {"type": "string", "description": "What to repeat"},
                "times": {"type": "integer", "minimum": 1, "maximum": 100, "description": "How often; default: 2"}
            },
            "required": ["text"],
            "additionalProperties": false
        }"#,
        facts: r#"{"subject":"{text:first}"}"#,
        // The flags state what the tool never does. With 0, the host assumes the worst.
        flags: tenon::READ_ONLY | tenon::IDEMPOTENT | tenon::CLOSED_WORLD | tenon::CONCURRENT,
    }];

    fn create(_host: Host, _config: Json) -> Result<Self, String> {
        Ok(MyPlugin)
    }

    fn invoke(&self, call: &Call) -> Result<(), Failure> {
        let text = call.args().text("text").unwrap_or_default();
        let times = call.args().integer("times").unwrap_or(2);
        if text.is_empty() {
            // An answer for the model: say what to do.
            return Err("The text is empty; pass one with at least one character.".into());
        }
        for i in 0..times {
            call.write(if i == 0 { "" } else { " " });
            if !call.write(&text) {
                break; // the result is full
            }
        }
        Ok(())
    }
}

tenon_plugin!(MyPlugin, "my-plugin", "0.1.0");

/// The plugin, called as the host does: cargo test.
#[cfg(test)]
mod tests {
    use crate::tenon::{FAILED, OK};
    use crate::tenon_testing::TestHost;

    #[test]
    fn repeats_a_text() {
        let host = TestHost::new(crate::tenon_plugin_v1(), "{}").unwrap();
        let twice = host.call("my_plugin", r#"{"text":"ha"}"#);
        assert_eq!((twice.rc, twice.text.as_str()), (OK, "ha ha"));
        assert_eq!(host.call("my_plugin", r#"{"text":"ha","times":3}"#).text, "ha ha ha");
    }

    #[test]
    fn refuses_an_empty_text() {
        let host = TestHost::new(crate::tenon_plugin_v1(), "{}").unwrap();
        let empty = host.call("my_plugin", r#"{"text":""}"#);
        assert_eq!(empty.rc, FAILED);
        assert!(empty.text.contains("is empty"), "{}", empty.text);
    }
}
