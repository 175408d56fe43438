//! The SDK's layer for Rust and its host for tests: rustc --edition 2021 --test layer_test.rs
//! A struct that does not fit those of C fails in the tests that load real libraries (installed_test.cpp).

#[macro_use]
#[path = "../../../sdk/rust/tenon.rs"]
mod tenon;
#[path = "../../../sdk/rust/tenon_testing.rs"]
mod tenon_testing;

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::io::FromRawFd;
use std::sync::Mutex;
use tenon::{quote, Call, Failure, Hook, Host, Json, Tool};
use tenon_testing::TestHost;

/// A plugin that does what its arguments say.
struct Obedient {
    host: Host,
    begun: Mutex<String>,
}

const ANYTHING: &str = r#"{"type":"object"}"#;
const fn tool(name: &'static str) -> Tool {
    Tool { name, description: "", input_schema: ANYTHING, facts: "", flags: tenon::CONCURRENT }
}

impl tenon::Plugin for Obedient {
    const TOOLS: &'static [Tool] = &[tool("say"), tool("ask"), tool("wait"), tool("panic"), tool("places"), tool("copy")];

    fn create(host: Host, config: Json) -> Result<Self, String> {
        match config.text("end").as_deref() {
            Some("refuse") => Err("it was told to refuse".into()),
            Some("panic") => panic!("it was told to panic"),
            _ => Ok(Obedient { host, begun: Mutex::new(String::new()) }),
        }
    }

    fn invoke(&self, call: &Call) -> Result<(), Failure> {
        let args = call.args();
        match call.tool() {
            "say" => {
                call.write(&args.text("text").unwrap_or_default());
                match args.integer("rc") {
                    Some(rc) => Err(Failure::new(rc as i32, "; and failed")),
                    None => Ok(()),
                }
            }
            "ask" => {
                let answer = call.request(&args.text("method").unwrap(), "{\"n\":1}")?;
                call.write(&String::from_utf8_lossy(&answer));
                Ok(())
            }
            "wait" => {
                let mut turns = 0;
                while !call.cancelled() {
                    turns += 1;
                    call.progress(&turns.to_string());
                }
                Err(Failure::new(tenon::CANCELLED, "stopped"))
            }
            "copy" => copy(call),
            "panic" => panic!("at {}", args.text("text").unwrap()),
            _ => {
                self.host.log(tenon::LOG_WARNING, "careful");
                call.write(&format!("{} {} {}", self.host.workspace(), self.host.state_dir(), call.deadline_ns() > 0));
                Ok(())
            }
        }
    }

    const HOOKS: &'static [Hook] = &[Hook::Begin, Hook::SystemPrompt, Hook::Remind];
    fn begin(&self, session: &str, reason: &str) {
        *self.begun.lock().unwrap() = format!("{}/{}", session, reason);
    }
    fn system_prompt(&self) -> String {
        panic!("no prompt")
    }
    fn remind(&self) -> String {
        self.begun.lock().unwrap().clone()
    }
    fn carry(&self) -> String {
        "is not among the hooks".into()
    }

    const RECONFIGURES: bool = true;
    fn reconfigure(&self, config: Json) -> Result<(), String> {
        match config.text("end").as_deref() {
            Some("refuse") => Err("stays as it is".into()),
            Some("panic") => panic!("no"),
            _ => Ok(()),
        }
    }
}

/// Opens a file of the workspace through the host.
fn open(call: &Call, path: &str, access: &str) -> Result<File, Failure> {
    let params = format!("{{\"path\":{},\"access\":{}}}", quote(path), quote(access));
    let answer = String::from_utf8_lossy(&call.request("path.open/1", &params)?).into_owned();
    let fd = Json(&answer).integer("fd").ok_or("the host has opened nothing")?;
    Ok(unsafe { File::from_raw_fd(fd as i32) })
}

/// Copies the file `from` to `to`; then `meanwhile` is written to the file `to`, or the call fails.
fn copy(call: &Call) -> Result<(), Failure> {
    let args = call.args();
    let (from, to) = (args.text("from").unwrap_or_default(), args.text("to").unwrap_or_default());
    let mut text = String::new();
    open(call, &from, "read")?.read_to_string(&mut text).map_err(|why| why.to_string())?;
    open(call, &to, "write")?.write_all(text.as_bytes()).map_err(|why| why.to_string())?;
    if let Some(path) = args.text("meanwhile") {
        std::fs::write(path, "by somebody else").map_err(|why| why.to_string())?;
    }
    if args.boolean("fail") == Some(true) { Err("failed".into()) } else { Ok(()) }
}

tenon_plugin!(Obedient, "obedient", "1.0.0");
tenon_needs!(r#"{"needs":["network"],"summary":"Waits a bit."}"#);

fn start() -> TestHost {
    TestHost::new(tenon_plugin_v1(), "{}").unwrap()
}

#[test]
fn the_structs_have_the_sizes_of_abi_1_1() {
    use std::mem::size_of;
    let sizes = [
        (size_of::<tenon::abi::Str>(), 16),
        (size_of::<tenon::abi::Sink>(), 16),
        (size_of::<tenon::abi::Tool>(), 72),
        (size_of::<tenon::abi::Call>(), 80),
        (size_of::<tenon::abi::Host>(), 96),
        (size_of::<tenon::abi::Plugin>(), 104),
        (size_of::<tenon::abi::Context>(), 48),
        (size_of::<tenon::abi::Note>(), 60),
    ];
    for (found, golden) in sizes {
        assert_eq!(found, golden);
    }
}

#[test]
fn a_call_says_what_it_wrote() {
    let host = start();
    let said = host.call("say", r#"{"text":"a"}"#);
    assert_eq!((said.rc, said.text.as_str()), (tenon::OK, "a"));
    let failed = host.call("say", r#"{"text":"a","rc":4}"#);
    assert_eq!((failed.rc, failed.text.as_str()), (tenon::DENIED, "a; and failed"));
    assert_eq!(host.call("say", r#"{"rc":99}"#).rc, tenon::FAULT);
}

#[test]
fn a_panic_is_a_fault_and_the_plugin_goes_on() {
    let host = start();
    let panicked = host.call("panic", r#"{"text":"sea"}"#);
    assert_eq!((panicked.rc, panicked.text.as_str()), (tenon::FAULT, "the plugin panicked: at sea"));
    assert_eq!(host.call("say", r#"{"text":"still here"}"#).text, "still here");
}

#[test]
fn a_plugin_that_does_not_start_says_why() {
    let why = |config| TestHost::new(tenon_plugin_v1(), config).err().unwrap();
    assert_eq!(why(r#"{"end":"refuse"}"#), "it was told to refuse");
    assert_eq!(why(r#"{"end":"panic"}"#), "the plugin panicked: it was told to panic");
}

#[test]
fn requests_are_answered_from_a_table() {
    let host = start();
    let asked = host.call("ask", r#"{"method":"x/1"}"#);
    assert_eq!((asked.rc, asked.text.as_str()), (tenon::UNSUPPORTED, "the test has no answer to x/1"));
    host.answer("x/1", tenon::OK, "{}");
    assert_eq!(host.call("ask", r#"{"method":"x/1"}"#).text, "{}");
    assert_eq!(host.requests(), ["x/1 {\"n\":1}", "x/1 {\"n\":1}"]);
}

#[test]
fn calls_are_cancelled() {
    let host = start();
    host.cancel_after(3);
    let stopped = host.call("wait", "{}");
    assert_eq!((stopped.rc, stopped.text.as_str()), (tenon::CANCELLED, "stopped"));
    assert_eq!(stopped.progress, ["1", "2", "3"]);
    host.cancel_after(0);
    assert!(host.call("wait", "{}").progress.is_empty());
}

#[test]
fn the_host_has_directories_and_a_log() {
    let (workspace, state) = {
        let host = start();
        host.time_limit(std::time::Duration::from_secs(60));
        let found = host.call("places", "{}").text;
        assert_eq!(found, format!("{} {} true", host.workspace().display(), host.state_dir().display()));
        assert_eq!(host.log(), [(tenon::LOG_WARNING, "careful".to_string())]);
        assert!(host.state_dir().is_dir());
        (host.workspace(), host.state_dir())
    };
    assert!(!workspace.exists() && !state.exists());
}

#[test]
fn files_of_the_workspace_are_served() {
    let host = start();
    assert_eq!(host.call("copy", r#"{"from":"a","to":"b"}"#).rc, tenon::UNSUPPORTED);
    host.serve_files();
    std::fs::write(host.workspace().join("a"), "content").unwrap();
    let copied = host.call("copy", r#"{"from":"a","to":"new/b"}"#);
    assert_eq!((copied.rc, copied.text.as_str()), (tenon::OK, ""));
    assert_eq!(std::fs::read_to_string(host.workspace().join("new/b")).unwrap(), "content");
    let outside = host.call("copy", r#"{"from":"../state/a","to":"b"}"#);
    assert_eq!((outside.rc, outside.text.as_str()), (tenon::FAILED, "../state/a is outside the workspace"));
    let none = host.call("copy", r#"{"from":"none","to":"b"}"#);
    assert!(none.text.starts_with("none: No such file"), "{}", none.text);
    let folder = host.call("copy", r#"{"from":"a","to":"new"}"#);
    assert_eq!(folder.text, "new is a directory, not a file.");
}

#[test]
fn what_a_failed_call_has_written_is_discarded() {
    let host = start();
    host.serve_files();
    std::fs::write(host.workspace().join("a"), "new").unwrap();
    std::fs::write(host.workspace().join("b"), "old").unwrap();
    assert_eq!(host.call("copy", r#"{"from":"a","to":"b","fail":true}"#).rc, tenon::FAILED);
    assert_eq!(std::fs::read_to_string(host.workspace().join("b")).unwrap(), "old");
    let entries = std::fs::read_dir(host.workspace().parent().unwrap()).unwrap();
    let mut left: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["plugin", "state", "workspace"]);
}

#[test]
fn a_file_that_has_changed_is_not_replaced() {
    let host = start();
    host.serve_files();
    std::fs::write(host.workspace().join("a"), "new").unwrap();
    std::fs::write(host.workspace().join("b"), "old").unwrap();
    let path = host.workspace().join("b");
    let args = format!(r#"{{"from":"a","to":"b","meanwhile":{}}}"#, quote(path.to_str().unwrap()));
    let late = host.call("copy", &args);
    assert_eq!(late.rc, tenon::FAILED);
    assert_eq!(late.text, "b was changed by somebody else meanwhile; read it again.");
    assert_eq!(std::fs::read_to_string(path).unwrap(), "by somebody else");
}

#[test]
fn a_plugin_has_the_hooks_that_it_names() {
    let host = start();
    assert_eq!(host.hook("begin", r#"{"session":"s","reason":"new"}"#), "");
    assert_eq!(host.hook("remind", ""), "s/new");
    assert_eq!(host.hook("carry", ""), "");
    assert_eq!(host.hook("system_prompt", ""), "");
    assert_eq!(host.log(), [(tenon::LOG_ERROR, "the plugin panicked: no prompt".to_string())]);
}

#[test]
fn a_plugin_takes_new_configuration() {
    let host = start();
    assert_eq!(host.reconfigure("{}"), Ok(()));
    assert_eq!(host.reconfigure(r#"{"end":"refuse"}"#), Err("stays as it is".into()));
    assert_eq!(host.reconfigure(r#"{"end":"panic"}"#), Err("the plugin panicked: no".into()));
}

#[test]
fn the_notes_are_as_elf_has_them() {
    let needs = &TENON_NEEDS;
    assert_eq!((needs.name_size, needs.desc_size, needs.kind), (6, 46, 2));
    assert_eq!(&needs.json, b"{\"needs\":[\"network\"],\"summary\":\"Waits a bit.\"}\0\0");
    assert_eq!(std::mem::size_of_val(needs), 20 + 48);
    assert_eq!(std::mem::size_of_val(&TENON_NOTE), 60);
}

#[test]
fn json_is_read_by_type() {
    let json = Json(
        r#" { "text" : "a \"b\" \\ \n \u00e9 \ud83d\ude00 \/" , "n":-12, "x":1.5e3, "two":2.0,"yes":true, "nil":null,
            "list":["x",7,"y\"]"], "deep":{"n":9}, "big":9223372036854775808, "k\u0065y":1 } "#,
    );
    assert_eq!(json.text("text").unwrap(), "a \"b\" \\ \n é 😀 /");
    assert_eq!(json.integer("n"), Some(-12));
    assert_eq!(json.integer("x"), Some(1500));
    assert_eq!(json.integer("two"), Some(2));
    assert_eq!(json.integer("big"), None);
    assert_eq!(json.number("x"), Some(1500.0));
    assert_eq!(json.boolean("yes"), Some(true));
    assert_eq!(json.boolean("n"), None);
    assert_eq!(json.texts("list"), ["x", "y\"]"]);
    assert_eq!(json.elements("list").len(), 3);
    assert_eq!(json.object("deep").unwrap().integer("n"), Some(9));
    assert_eq!(json.raw("nil"), Some("null"));
    assert_eq!(json.integer("key"), Some(1));
    assert_eq!(json.text("n"), None);
    assert_eq!(json.raw("missing"), None);
    assert_eq!(json.number("text"), None);
}

/// Whatever the text is, nothing panics.
#[test]
fn json_that_is_cut_or_wrong_is_read_without_a_panic() {
    let whole = r#"{"a":["x\u00e9",{"b":"\ud83d\ude00"}],"c":"\\","é":-1.5e+3}"#;
    let mut texts: Vec<String> = (0..=whole.len()).filter(|&n| whole.is_char_boundary(n)).map(|n| whole[..n].into()).collect();
    let mut seed = 1u32;
    for _ in 0..20000 {
        let mut text = String::new();
        for _ in 0..seed % 24 {
            seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
            text.push("{}[]\",:\\ué0d8E.-1 t".chars().nth((seed >> 16) as usize % 19).unwrap());
        }
        seed = seed.wrapping_add(1);
        texts.push(text);
    }
    for text in &texts {
        let json = Json(text);
        for key in ["a", "c", "", "0"] {
            let _ = (json.raw(key), json.text(key), json.integer(key), json.number(key), json.texts(key));
        }
    }
}

#[test]
fn texts_are_quoted() {
    assert_eq!(quote("a\"\\\n\u{1}é"), "\"a\\\"\\\\\\n\\u0001é\"");
    for c in (0..128u8).map(char::from) {
        let object = format!("{{\"k\":{}}}", quote(&c.to_string()));
        assert_eq!(Json(&object).text("k").unwrap(), c.to_string());
    }
}
