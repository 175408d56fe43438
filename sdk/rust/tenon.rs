// SPDX-License-Identifier: Apache-2.0
//
//! The Tenon plugin ABI 1.1 for plugins in Rust, without any crate. Copy this file into a project and
//! declare it at the crate's root:
//!
//!     #[macro_use]
//!     mod tenon;
//!
//! The structs in `abi` are those of tenon/plugin.h, which is the reference. Implement `Plugin`, and
//! write `tenon_plugin!` once. A panic in a plugin becomes a fault; nothing unwinds into the host. Needs Rust
//! 1.63 and the default `panic = "unwind"`.
#![allow(dead_code)]

use std::any::Any;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Codes that a call or a request returns: tenon_rc.
pub const OK: i32 = 0;
pub const FAILED: i32 = 1;
pub const BAD_ARGS: i32 = 2;
pub const CANCELLED: i32 = 3;
pub const DENIED: i32 = 4;
pub const UNSUPPORTED: i32 = 5;
pub const BUSY: i32 = 6;
pub const FAULT: i32 = 7;

/// Flags of a tool. Each one relaxes an assumption; with 0, the host assumes the worst.
pub const READ_ONLY: u32 = 1;
pub const ADDITIVE: u32 = 2;
pub const IDEMPOTENT: u32 = 4;
pub const CLOSED_WORLD: u32 = 8;
pub const CONCURRENT: u32 = 16;
pub const LONG_RUNNING: u32 = 32;

pub const LOG_DEBUG: i32 = 0;
pub const LOG_INFO: i32 = 1;
pub const LOG_WARNING: i32 = 2;
pub const LOG_ERROR: i32 = 3;

/// What crosses the boundary, as in tenon/plugin.h.
pub mod abi {
    use std::os::raw::{c_char, c_void};

    pub const MAJOR: u16 = 1;
    pub const MINOR: u16 = 1;

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Str {
        pub p: *const c_char,
        pub n: usize,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Sink {
        pub ctx: *mut c_void,
        pub put: unsafe extern "C" fn(*mut c_void, Str),
    }

    #[repr(C)]
    pub struct Tool {
        pub size: u32,
        pub flags: u32,
        pub name: Str,
        pub description: Str,
        pub input_schema: Str,
        pub facts: Str,
    }

    #[repr(C)]
    pub struct Call {
        pub size: u32,
        pub cancel_fd: i32,
        pub id: u64,
        pub tool: Str,
        pub args: Str,
        pub write: unsafe extern "C" fn(*const Call, Str) -> i32,
        pub progress: unsafe extern "C" fn(*const Call, Str),
        pub cancelled: unsafe extern "C" fn(*const Call) -> i32,
        pub deadline_ns: u64,
    }

    #[repr(C)]
    pub struct Host {
        pub size: u32,
        pub abi_major: u16,
        pub abi_minor: u16,
        pub version: Str,
        pub plugin_dir: Str,
        pub workspace: Str,
        pub log: unsafe extern "C" fn(*const Host, i32, Str),
        pub request: unsafe extern "C" fn(*const Host, *const Call, Str, Str, Str, Sink) -> i32,
        pub extension: unsafe extern "C" fn(*const Host, *const c_char) -> *const c_void,
        pub state_dir: Str,
    }

    #[repr(C)]
    pub struct Plugin {
        pub size: u32,
        pub abi_major: u16,
        pub abi_minor: u16,
        pub id: Str,
        pub version: Str,
        pub config_schema: Str,
        pub create: unsafe extern "C" fn(*const Host, Str, *mut *mut c_void, Sink) -> i32,
        pub destroy: unsafe extern "C" fn(*mut c_void),
        pub tools: unsafe extern "C" fn(*mut c_void, *mut *const *const Tool, *mut u32) -> i32,
        pub invoke: unsafe extern "C" fn(*mut c_void, *const Call) -> i32,
        pub reconfigure: Option<unsafe extern "C" fn(*mut c_void, Str, Sink) -> i32>,
        pub extension: Option<unsafe extern "C" fn(*mut c_void, *const c_char) -> *const c_void>,
    }
    // The one of a plugin is constant.
    unsafe impl Sync for Plugin {}

    /// The hooks of the extension tenon.context/1.
    #[repr(C)]
    pub struct Context {
        pub size: u32,
        pub begin: Option<unsafe extern "C" fn(*mut c_void, Str)>,
        pub system_prompt: Option<unsafe extern "C" fn(*mut c_void, Sink)>,
        pub remind: Option<unsafe extern "C" fn(*mut c_void, Sink)>,
        pub carry: Option<unsafe extern "C" fn(*mut c_void, Sink)>,
        pub tasks: Option<unsafe extern "C" fn(*mut c_void, Sink)>,
    }

    /// The ELF note, from which the host learns ABI and id without running the plugin.
    #[repr(C, align(4))]
    pub struct Note {
        pub name_size: u32,
        pub desc_size: u32,
        pub kind: u32,
        pub name: [u8; 8],
        pub abi_major: u16,
        pub abi_minor: u16,
        pub id: [u8; 36],
    }

    pub const fn note(id: &str) -> Note {
        assert!(id.len() <= 32, "a plugin id has at most 32 characters");
        let (from, mut to, mut i) = (id.as_bytes(), [0u8; 36], 0);
        while i < from.len() {
            to[i] = from[i];
            i += 1;
        }
        Note {
            name_size: 6,
            desc_size: 40,
            kind: 1,
            name: *b"TENON\0\0\0",
            abi_major: MAJOR,
            abi_minor: MINOR,
            id: to,
        }
    }

    /// The second note: what the plugin needs. N is the length of the text, rounded up to 4.
    #[repr(C, align(4))]
    pub struct NeedsNote<const N: usize> {
        pub name_size: u32,
        pub desc_size: u32,
        pub kind: u32,
        pub name: [u8; 8],
        pub json: [u8; N],
    }

    pub const fn needs_note<const N: usize>(json: &str) -> NeedsNote<N> {
        let (from, mut to, mut i) = (json.as_bytes(), [0u8; N], 0);
        while i < from.len() {
            to[i] = from[i];
            i += 1;
        }
        NeedsNote { name_size: 6, desc_size: from.len() as u32, kind: 2, name: *b"TENON\0\0\0", json: to }
    }

    pub const fn str(text: &str) -> Str {
        Str { p: text.as_ptr() as *const c_char, n: text.len() }
    }

    /// # Safety
    /// `text` points to n bytes that outlive the result.
    pub unsafe fn bytes<'a>(text: Str) -> &'a [u8] {
        if text.n == 0 {
            return &[];
        }
        std::slice::from_raw_parts(text.p as *const u8, text.n)
    }

    /// # Safety
    /// As `bytes`.
    pub unsafe fn text(text: Str) -> String {
        String::from_utf8_lossy(bytes(text)).into_owned()
    }

    pub unsafe extern "C" fn append(to: *mut c_void, chunk: Str) {
        (*(to as *mut Vec<u8>)).extend_from_slice(bytes(chunk));
    }
}

/// What a call or a request returns instead of an answer. The text is for the model and says what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub rc: i32,
    pub text: String,
}

impl Failure {
    pub fn new(rc: i32, text: impl Into<String>) -> Self {
        Failure { rc, text: text.into() }
    }
}
impl From<String> for Failure {
    fn from(text: String) -> Self {
        Failure { rc: FAILED, text }
    }
}
impl From<&str> for Failure {
    fn from(text: &str) -> Self {
        Failure { rc: FAILED, text: text.into() }
    }
}
impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
impl std::error::Error for Failure {}

/// One tool: see tenon_tool for what the texts and flags must be.
pub struct Tool {
    pub name: &'static str,
    pub description: &'static str,
    pub input_schema: &'static str,
    /// A JSON object, see FACTS OF A TOOL in plugin.h; may be empty.
    pub facts: &'static str,
    pub flags: u32,
}

/// A plugin. Several instances may live at once, and several threads may run calls of tools with
/// CONCURRENT at once.
pub trait Plugin: Sized + Send + Sync {
    /// The tools, for models in this order.
    const TOOLS: &'static [Tool];
    /// JSON Schema of the keys plugins.<id>.*; an empty text accepts any keys.
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false}"#;

    /// Makes an instance. On an Err the plugin is not used, with the text as the reason.
    fn create(host: Host, config: Json) -> Result<Self, String>;
    /// Runs one call of the tool `call.tool()`. What it writes is the result.
    fn invoke(&self, call: &Call) -> Result<(), Failure>;

    /// The hooks that the plugin has: see tenon_context for when each is called. An empty text adds nothing, and so does
    /// a panic, which is logged.
    const HOOKS: &'static [Hook] = &[];
    /// Names the session that this instance serves; `reason` is new, resumed, cleared or restarted.
    fn begin(&self, _session: &str, _reason: &str) {}
    fn system_prompt(&self) -> String {
        String::new()
    }
    fn remind(&self) -> String {
        String::new()
    }
    fn carry(&self) -> String {
        String::new()
    }

    /// Whether the plugin takes new configuration while it is in use.
    const RECONFIGURES: bool = false;
    /// Takes new configuration. On an Err the old one stays, and the text is shown.
    fn reconfigure(&self, _config: Json) -> Result<(), String> {
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq)]
pub enum Hook {
    Begin,
    SystemPrompt,
    Remind,
    Carry,
}

/// The host, as a plugin uses it. Valid until the instance is dropped; any thread may use it.
#[derive(Clone, Copy)]
pub struct Host(*const abi::Host);
unsafe impl Send for Host {}
unsafe impl Sync for Host {}

impl Host {
    pub fn version(&self) -> String {
        unsafe { abi::text((*self.0).version) }
    }
    pub fn workspace(&self) -> String {
        unsafe { abi::text((*self.0).workspace) }
    }
    pub fn plugin_dir(&self) -> String {
        unsafe { abi::text((*self.0).plugin_dir) }
    }
    /// A directory of the plugin's own, which it may write.
    pub fn state_dir(&self) -> String {
        unsafe { abi::text((*self.0).state_dir) }
    }
    pub fn log(&self, level: i32, message: &str) {
        unsafe { ((*self.0).log)(self.0, level, abi::str(message)) }
    }
    /// A request outside a call. Most methods need a call: see `Call::request`.
    pub fn request(&self, method: &str, params: &str) -> Result<Vec<u8>, Failure> {
        self.ask(std::ptr::null(), method, params, &[])
    }

    fn ask(&self, call: *const abi::Call, method: &str, params: &str, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut answer: Vec<u8> = Vec::new();
        let sink = abi::Sink { ctx: &mut answer as *mut Vec<u8> as *mut _, put: abi::append };
        let body = abi::Str { p: body.as_ptr() as *const _, n: body.len() };
        let rc = unsafe { ((*self.0).request)(self.0, call, abi::str(method), abi::str(params), body, sink) };
        if rc == OK {
            return Ok(answer);
        }
        Err(Failure { rc, text: String::from_utf8_lossy(&answer).into_owned() })
    }
}

/// One running call. Any thread may use it until `invoke` returns.
pub struct Call<'a> {
    raw: &'a abi::Call,
    host: Host,
    tool: String,
    args: String,
}
unsafe impl Sync for Call<'_> {}

impl Call<'_> {
    pub fn tool(&self) -> &str {
        &self.tool
    }
    /// The arguments, which fit the schema of the tool.
    pub fn args(&self) -> Json<'_> {
        Json(&self.args)
    }
    /// Appends to the result. False if the result is full; the rest is left out.
    pub fn write(&self, text: &str) -> bool {
        unsafe { (self.raw.write)(self.raw, abi::str(text)) == OK }
    }
    /// One short line for a person who waits.
    pub fn progress(&self, note: &str) {
        unsafe { (self.raw.progress)(self.raw, abi::str(note)) }
    }
    /// Once this is true, finish soon and return a Failure with CANCELLED.
    pub fn cancelled(&self) -> bool {
        unsafe { (self.raw.cancelled)(self.raw) != 0 }
    }
    /// Becomes readable when the call is cancelled.
    pub fn cancel_fd(&self) -> i32 {
        self.raw.cancel_fd
    }
    /// When the host gives up on the call, in nanoseconds of CLOCK_MONOTONIC; 0: never.
    pub fn deadline_ns(&self) -> u64 {
        let end = &self.raw.deadline_ns as *const u64 as usize + std::mem::size_of::<u64>();
        if self.raw.size as usize >= end - self.raw as *const abi::Call as usize {
            self.raw.deadline_ns
        } else {
            0
        }
    }
    /// Calls a method of the host; `params` is a JSON object. The answer is JSON, or raw bytes.
    pub fn request(&self, method: &str, params: &str) -> Result<Vec<u8>, Failure> {
        self.host.ask(self.raw, method, params, &[])
    }
    pub fn request_with_body(&self, method: &str, params: &str, body: &[u8]) -> Result<Vec<u8>, Failure> {
        self.host.ask(self.raw, method, params, body)
    }
}

/// Reads members of an object that is valid JSON, such as the arguments of a call. Whatever the text is,
/// nothing panics; a member that is missing or of another type is None.
#[derive(Clone, Copy)]
pub struct Json<'a>(pub &'a str);

impl<'a> Json<'a> {
    /// The member as JSON text.
    pub fn raw(&self, key: &str) -> Option<&'a str> {
        let mut cursor = Cursor { text: self.0, at: 0 };
        if !cursor.take(b'{') {
            return None;
        }
        loop {
            let name = cursor.value()?;
            if !cursor.take(b':') {
                return None;
            }
            let value = cursor.value()?;
            if decoded(name).as_deref() == Some(key) {
                return Some(value);
            }
            if !cursor.take(b',') {
                return None;
            }
        }
    }
    pub fn text(&self, key: &str) -> Option<String> {
        decoded(self.raw(key)?)
    }
    /// 2.0 is an integer too, as in JSON Schema. None for a number that does not fit.
    pub fn integer(&self, key: &str) -> Option<i64> {
        let value = self.raw(key)?;
        if !value.contains(|c| matches!(c, '.' | 'e' | 'E')) {
            return value.parse().ok();
        }
        let real: f64 = value.parse().ok()?;
        let fits = (-9223372036854775808.0..9223372036854775808.0).contains(&real) && real.trunc() == real;
        if fits { Some(real as i64) } else { None }
    }
    pub fn number(&self, key: &str) -> Option<f64> {
        let value = self.raw(key)?;
        if !value.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return None;
        }
        value.parse().ok()
    }
    pub fn boolean(&self, key: &str) -> Option<bool> {
        match self.raw(key)? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
    pub fn object(&self, key: &str) -> Option<Json<'a>> {
        self.raw(key).filter(|value| value.starts_with('{')).map(Json)
    }
    /// The elements of an array, as JSON text.
    pub fn elements(&self, key: &str) -> Vec<&'a str> {
        let mut found = Vec::new();
        let mut cursor = Cursor { text: self.raw(key).unwrap_or(""), at: 0 };
        if !cursor.take(b'[') {
            return found;
        }
        while let Some(element) = cursor.value() {
            found.push(element);
            if !cursor.take(b',') {
                break;
            }
        }
        found
    }
    /// The strings of an array; other elements are left out.
    pub fn texts(&self, key: &str) -> Vec<String> {
        self.elements(key).into_iter().filter_map(decoded).collect()
    }
}

/// `text` as a JSON string, quotes included.
pub fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Walks over valid JSON. On anything else it stops early.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
    fn take(&mut self, c: u8) -> bool {
        self.skip_blanks();
        let found = self.peek() == Some(c);
        if found {
            self.at += 1;
        }
        found
    }
    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(c) = self.peek() {
            self.at += if c == b'\\' { 2 } else { 1 };
            if c == b'"' {
                break;
            }
        }
        self.at = self.at.min(self.text.len());
    }
    /// The next value as JSON text.
    fn value(&mut self) -> Option<&'a str> {
        self.skip_blanks();
        let from = self.at;
        let mut depth = 0usize;
        while let Some(c) = self.peek() {
            match c {
                b'"' => self.skip_string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => break,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' if depth == 0 => break,
                _ => self.at += 1,
            }
            if depth == 0 && matches!(c, b'"' | b'}' | b']') {
                break;
            }
        }
        let found = self.text.get(from..self.at)?.trim_end_matches(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
        if found.is_empty() { None } else { Some(found) }
    }
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = std::str::from_utf8(bytes.get(at..at + 4)?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}

/// The text of a JSON string; None for every other value.
fn decoded(value: &str) -> Option<String> {
    let quoted = value.strip_prefix('"')?.strip_suffix('"')?;
    let bytes = quoted.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        let escape = *bytes.get(at + 1)?;
        at += 2;
        match escape {
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let mut code = hex4(bytes, at).unwrap_or(0xFFFD);
                at += 4;
                if (0xD800..0xDC00).contains(&code) && bytes.get(at..at + 2) == Some(b"\\u".as_slice()) {
                    let low = hex4(bytes, at + 2).unwrap_or(0);
                    if (0xDC00..0xE000).contains(&low) {
                        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                        at += 6;
                    }
                }
                let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => out.push(other),
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// One instance: the object that the ABI calls `self`.
pub struct Instance<P> {
    plugin: P,
    host: Host,
    _tools: Vec<abi::Tool>,
    list: Vec<*const abi::Tool>,
    context: abi::Context,
}

fn panic_text(panic: Box<dyn Any + Send>) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| text.to_string())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into());
    format!("the plugin panicked: {}", text)
}

/// The functions of the ABI for one plugin: see `tenon_plugin!`.
pub mod glue {
    use super::*;
    use std::ffi::CStr;
    use std::os::raw::{c_char, c_void};

    pub unsafe extern "C" fn create<P: Plugin>(
        host: *const abi::Host,
        config: abi::Str,
        instance: *mut *mut c_void,
        error: abi::Sink,
    ) -> i32 {
        let config = abi::text(config);
        let host = Host(host);
        let made = catch_unwind(AssertUnwindSafe(|| P::create(host, Json(&config))));
        match made.unwrap_or_else(|panic| Err(panic_text(panic))) {
            Ok(plugin) => {
                let tools: Vec<abi::Tool> = P::TOOLS.iter().map(stated).collect();
                let list = tools.iter().map(|tool| tool as *const _).collect();
                *instance = Box::into_raw(Box::new(Instance { plugin, host, _tools: tools, list, context: context_of::<P>() })) as *mut c_void;
                OK
            }
            Err(why) => {
                (error.put)(error.ctx, abi::str(&why));
                FAILED
            }
        }
    }

    fn stated(tool: &Tool) -> abi::Tool {
        abi::Tool {
            size: std::mem::size_of::<abi::Tool>() as u32,
            flags: tool.flags,
            name: abi::str(tool.name),
            description: abi::str(tool.description),
            input_schema: abi::str(tool.input_schema),
            facts: abi::str(tool.facts),
        }
    }

    pub unsafe extern "C" fn destroy<P: Plugin>(instance: *mut c_void) {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(instance as *mut Instance<P>))));
    }

    pub unsafe extern "C" fn tools<P: Plugin>(
        instance: *mut c_void,
        list: *mut *const *const abi::Tool,
        count: *mut u32,
    ) -> i32 {
        let instance = &*(instance as *const Instance<P>);
        *list = instance.list.as_ptr();
        *count = instance.list.len() as u32;
        OK
    }

    pub unsafe extern "C" fn reconfigure<P: Plugin>(instance: *mut c_void, config: abi::Str, error: abi::Sink) -> i32 {
        let instance = &*(instance as *const Instance<P>);
        let config = abi::text(config);
        let taken = catch_unwind(AssertUnwindSafe(|| instance.plugin.reconfigure(Json(&config))));
        match taken.unwrap_or_else(|panic| Err(panic_text(panic))) {
            Ok(()) => OK,
            Err(why) => {
                (error.put)(error.ctx, abi::str(&why));
                FAILED
            }
        }
    }

    /// Runs a hook. A panic is logged.
    unsafe fn hook<P: Plugin>(instance: *mut c_void, run: impl FnOnce(&P) -> String) -> String {
        let instance = &*(instance as *const Instance<P>);
        catch_unwind(AssertUnwindSafe(|| run(&instance.plugin))).unwrap_or_else(|panic| {
            instance.host.log(LOG_ERROR, &panic_text(panic));
            String::new()
        })
    }
    unsafe extern "C" fn begin<P: Plugin>(instance: *mut c_void, session: abi::Str) {
        let session = abi::text(session);
        let json = Json(&session);
        let (id, reason) = (json.text("session").unwrap_or_default(), json.text("reason").unwrap_or_default());
        hook(instance, |plugin: &P| {
            plugin.begin(&id, &reason);
            String::new()
        });
    }
    unsafe fn put_hook<P: Plugin>(instance: *mut c_void, out: abi::Sink, run: impl FnOnce(&P) -> String) {
        let text = hook(instance, run);
        if !text.is_empty() {
            (out.put)(out.ctx, abi::str(&text));
        }
    }
    unsafe extern "C" fn system_prompt<P: Plugin>(instance: *mut c_void, out: abi::Sink) {
        put_hook(instance, out, P::system_prompt);
    }
    unsafe extern "C" fn remind<P: Plugin>(instance: *mut c_void, out: abi::Sink) {
        put_hook(instance, out, P::remind);
    }
    unsafe extern "C" fn carry<P: Plugin>(instance: *mut c_void, out: abi::Sink) {
        put_hook(instance, out, P::carry);
    }

    /// The table of hooks: only those that the plugin has.
    pub unsafe extern "C" fn extension<P: Plugin>(instance: *mut c_void, id: *const c_char) -> *const c_void {
        if P::HOOKS.is_empty() || CStr::from_ptr(id).to_bytes() != b"tenon.context/1" {
            return std::ptr::null();
        }
        &(*(instance as *const Instance<P>)).context as *const abi::Context as *const c_void
    }

    fn context_of<P: Plugin>() -> abi::Context {
        let has = |hook| P::HOOKS.contains(&hook);
        abi::Context {
            size: std::mem::size_of::<abi::Context>() as u32,
            begin: if has(Hook::Begin) { Some(begin::<P>) } else { None },
            system_prompt: if has(Hook::SystemPrompt) { Some(system_prompt::<P>) } else { None },
            remind: if has(Hook::Remind) { Some(remind::<P>) } else { None },
            carry: if has(Hook::Carry) { Some(carry::<P>) } else { None },
            tasks: None,
        }
    }

    pub unsafe extern "C" fn invoke<P: Plugin>(instance: *mut c_void, raw: *const abi::Call) -> i32 {
        let instance = &*(instance as *const Instance<P>);
        let raw = &*raw;
        let call = Call { raw, host: instance.host, tool: abi::text(raw.tool), args: abi::text(raw.args) };
        let ran = catch_unwind(AssertUnwindSafe(|| instance.plugin.invoke(&call)));
        match ran.unwrap_or_else(|panic| Err(Failure { rc: FAULT, text: panic_text(panic) })) {
            Ok(()) => OK,
            Err(failure) => {
                call.write(&failure.text);
                failure.rc
            }
        }
    }
}

/// Makes a library of a type that implements `Plugin`. Write it once, at the crate's root:
/// `tenon_plugin!(Hello, "hello", "1.0.0");`
macro_rules! tenon_plugin {
    ($plugin:ty, $id:literal, $version:literal) => {
        #[used]
        #[link_section = ".note.tenon"]
        static TENON_NOTE: $crate::tenon::abi::Note = $crate::tenon::abi::note($id);

        static TENON_PLUGIN: $crate::tenon::abi::Plugin = $crate::tenon::abi::Plugin {
            size: std::mem::size_of::<$crate::tenon::abi::Plugin>() as u32,
            abi_major: $crate::tenon::abi::MAJOR,
            abi_minor: $crate::tenon::abi::MINOR,
            id: $crate::tenon::abi::str($id),
            version: $crate::tenon::abi::str($version),
            config_schema: $crate::tenon::abi::str(<$plugin as $crate::tenon::Plugin>::CONFIG_SCHEMA),
            create: $crate::tenon::glue::create::<$plugin>,
            destroy: $crate::tenon::glue::destroy::<$plugin>,
            tools: $crate::tenon::glue::tools::<$plugin>,
            invoke: $crate::tenon::glue::invoke::<$plugin>,
            reconfigure: if <$plugin as $crate::tenon::Plugin>::RECONFIGURES {
                Some($crate::tenon::glue::reconfigure::<$plugin>)
            } else {
                None
            },
            extension: if <$plugin as $crate::tenon::Plugin>::HOOKS.is_empty() {
                None
            } else {
                Some($crate::tenon::glue::extension::<$plugin>)
            },
        };

        /// The only export.
        #[no_mangle]
        pub extern "C" fn tenon_plugin_v1() -> *const $crate::tenon::abi::Plugin {
            &TENON_PLUGIN
        }
    };
}

/// States what the plugin needs beyond its own directory, the workspace and its state_dir: see TENON_PLUGIN_NEEDS in
/// plugin.h. Write it at most once, at the crate's root:
/// `tenon_needs!(r#"{"needs":["network"],"summary":"Asks the weather service."}"#);`
#[allow(unused_macros)]
macro_rules! tenon_needs {
    ($json:literal) => {
        #[used]
        #[link_section = ".note.tenon"]
        static TENON_NEEDS: $crate::tenon::abi::NeedsNote<{ ($json.len() + 3) / 4 * 4 }> =
            $crate::tenon::abi::needs_note($json);
    };
}
