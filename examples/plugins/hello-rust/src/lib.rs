//! The smallest plugin in Rust: one tool, which greets somebody.

#[macro_use]
mod tenon;

use tenon::{Call, Failure, Host, Json, Tool};

struct Hello;

impl tenon::Plugin for Hello {
    const TOOLS: &'static [Tool] = &[Tool {
        name: "hello_rust",
        description: "Greets somebody by name.",
        input_schema: r#"{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}"#,
        facts: r#"{"subject":"{name:first}"}"#,
        flags: tenon::READ_ONLY | tenon::IDEMPOTENT | tenon::CLOSED_WORLD | tenon::CONCURRENT,
    }];

    fn create(_host: Host, _config: Json) -> Result<Self, String> {
        Ok(Hello)
    }

    fn invoke(&self, call: &Call) -> Result<(), Failure> {
        call.write(&format!("Hello, {}!", call.args().text("name").unwrap_or_default()));
        Ok(())
    }
}

tenon_plugin!(Hello, "hello-rust", "1.0.0");
