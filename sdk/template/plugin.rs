// A Tenon plugin in Rust, without a crate beyond std. Build it:
//
//     rustc --edition 2021 --crate-type cdylib -C panic=abort -O plugin.rs -o my-plugin.so
//
// Then `tenon plugin verify my-plugin.so`, and put it into ~/.local/share/tenon/plugins.
// The structs below are those of tenon/plugin.h, which explains them.
use std::ffi::{c_char, c_void};

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str {
    p: *const c_char,
    n: usize,
}

#[repr(C)]
pub struct Sink {
    ctx: *mut c_void,
    put: extern "C" fn(*mut c_void, Str),
}

#[repr(C)]
pub struct Tool {
    size: u32,
    flags: u32,
    name: Str,
    description: Str,
    input_schema: Str,
}

#[repr(C)]
pub struct Call {
    size: u32,
    cancel_fd: i32,
    id: u64,
    tool: Str,
    args: Str,
    write: extern "C" fn(*const Call, Str) -> i32,
    progress: extern "C" fn(*const Call, Str),
    cancelled: extern "C" fn(*const Call) -> i32,
}

#[repr(C)]
pub struct Plugin {
    size: u32,
    abi_major: u16,
    abi_minor: u16,
    id: Str,
    version: Str,
    config_schema: Str,
    create: extern "C" fn(*const c_void, Str, *mut *mut c_void, Sink) -> i32,
    destroy: extern "C" fn(*mut c_void),
    tools: extern "C" fn(*mut c_void, *mut *const *const Tool, *mut u32) -> i32,
    invoke: extern "C" fn(*mut c_void, *const Call) -> i32,
    reconfigure: Option<extern "C" fn(*mut c_void, Str, Sink) -> i32>,
    extension: Option<extern "C" fn(*mut c_void, *const c_char) -> *const c_void>,
}

// Everything in these statics is constant.
unsafe impl Sync for Tool {}
unsafe impl Sync for Plugin {}
#[repr(transparent)]
pub struct ToolList([*const Tool; 1]);
unsafe impl Sync for ToolList {}

#[repr(C, align(4))]
pub struct Note {
    name_size: u32,
    desc_size: u32,
    kind: u32,
    name: [u8; 8],
    abi_major: u16,
    abi_minor: u16,
    id: [u8; 36],
}

const ID: &str = "my-plugin";
const ABI: (u16, u16) = (1, 1);
const READ_ONLY: u32 = 1;
const CONCURRENT: u32 = 16;
const OK: i32 = 0;

const fn padded(text: &str) -> [u8; 36] {
    let (from, mut to, mut i) = (text.as_bytes(), [0u8; 36], 0);
    while i < from.len() {
        to[i] = from[i];
        i += 1;
    }
    to
}

const fn text(literal: &'static str) -> Str {
    Str { p: literal.as_ptr() as *const c_char, n: literal.len() }
}

#[used]
#[link_section = ".note.tenon"]
static NOTE: Note = Note {
    name_size: 6,
    desc_size: 40,
    kind: 1,
    name: *b"TENON\0\0\0",
    abi_major: ABI.0,
    abi_minor: ABI.1,
    id: padded(ID),
};

static COUNT_BYTES: Tool = Tool {
    size: std::mem::size_of::<Tool>() as u32,
    flags: READ_ONLY | CONCURRENT,
    name: text("count_bytes"),
    description: text("Counts the bytes of its arguments as JSON text."),
    input_schema: text(
        r#"{"type":"object","properties":{"text":{"type":"string"}},"required":["text"],"additionalProperties":false}"#,
    ),
};
static TOOLS: ToolList = ToolList([&COUNT_BYTES]);

extern "C" fn create(_host: *const c_void, _config: Str, instance: *mut *mut c_void, _error: Sink) -> i32 {
    unsafe { *instance = std::ptr::null_mut() }; // no state
    OK
}

extern "C" fn destroy(_instance: *mut c_void) {}

extern "C" fn tools(_instance: *mut c_void, list: *mut *const *const Tool, count: *mut u32) -> i32 {
    unsafe {
        *list = TOOLS.0.as_ptr();
        *count = TOOLS.0.len() as u32;
    }
    OK
}

extern "C" fn invoke(_instance: *mut c_void, call: *const Call) -> i32 {
    let call = unsafe { &*call };
    let answer = format!("{} bytes", call.args.n);
    (call.write)(call, Str { p: answer.as_ptr() as *const c_char, n: answer.len() });
    OK
}

static PLUGIN: Plugin = Plugin {
    size: std::mem::size_of::<Plugin>() as u32,
    abi_major: ABI.0,
    abi_minor: ABI.1,
    id: text(ID),
    version: text("0.1.0"),
    config_schema: text(""), // takes any configuration
    create,
    destroy,
    tools,
    invoke,
    reconfigure: None,
    extension: None,
};

#[no_mangle]
pub extern "C" fn tenon_plugin_v1() -> *const Plugin {
    &PLUGIN
}
