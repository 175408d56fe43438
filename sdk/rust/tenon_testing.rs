// SPDX-License-Identifier: Apache-2.0
//
//! A host for the tests of a plugin in Rust: it makes an instance, calls its tools and answers its requests
//! from a table. It needs tenon.rs beside it. Declare it at the crate's root:
//!
//!     #[cfg(test)]
//!     mod tenon_testing;
//!
//! It checks no arguments against the input schema, and does not run the plugin in another process:
//! `tenon plugin verify` and `tenon plugin call` do.
#![allow(dead_code)]

use crate::tenon::{abi, FAULT, OK, UNSUPPORTED};
use std::collections::HashMap;
use std::os::raw::{c_char, c_int, c_void};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Mutex;

/// What a call has returned.
#[derive(Debug, Clone, PartialEq)]
pub struct TestResult {
    pub rc: i32,
    pub text: String,
    pub progress: Vec<String>,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, (i32, String)>,
    requests: Vec<String>,
    log: Vec<(i32, String)>,
    cancel_after: Option<usize>,
    time_limit_ns: u64,
}

// What the plugin gets is the first member, so that a pointer to it is one to the whole.
#[repr(C)]
struct HostTable {
    raw: abi::Host,
    texts: [String; 4],
    state: Mutex<State>,
}

#[repr(C)]
struct CallTable {
    raw: abi::Call,
    cancel_after: Option<usize>,
    run: Mutex<Run>,
}

#[derive(Default)]
struct Run {
    text: Vec<u8>,
    progress: Vec<String>,
    cancelled: bool,
}

/// A host with one instance of a plugin. Its two directories are removed with it.
pub struct TestHost {
    plugin: &'static abi::Plugin,
    instance: *mut c_void,
    host: Box<HostTable>,
    directory: PathBuf,
}
unsafe impl Send for TestHost {}
unsafe impl Sync for TestHost {}

static LAST_ID: AtomicU64 = AtomicU64::new(0);

extern "C" {
    fn eventfd(value: u32, flags: c_int) -> c_int;
    fn eventfd_write(fd: c_int, value: u64) -> c_int;
    fn close(fd: c_int) -> c_int;
    fn clock_gettime(clock: c_int, time: *mut [i64; 2]) -> c_int;
}
const CLOCK_MONOTONIC: c_int = 1;

impl TestHost {
    /// Makes an instance with the configuration `config`, a JSON object. Err: why the plugin does not start.
    pub fn new(plugin: *const abi::Plugin, config: &str) -> Result<TestHost, String> {
        let id = LAST_ID.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("tenon-plugin-test-{}-{}", std::process::id(), id));
        let mut texts = ["0.0.0-test".to_string(), String::new(), String::new(), String::new()];
        for (text, name) in texts[1..].iter_mut().zip(["plugin", "workspace", "state"]) {
            let path = directory.join(name);
            std::fs::create_dir_all(&path).map_err(|why| format!("{}: {}", path.display(), why))?;
            *text = path.to_string_lossy().into_owned();
        }
        let raw = abi::Host {
            size: std::mem::size_of::<abi::Host>() as u32,
            abi_major: abi::MAJOR,
            abi_minor: abi::MINOR,
            version: abi::str(&texts[0]),
            plugin_dir: abi::str(&texts[1]),
            workspace: abi::str(&texts[2]),
            log: on_log,
            request: on_request,
            extension: on_extension,
            state_dir: abi::str(&texts[3]),
        };
        let host = Box::new(HostTable { raw, texts, state: Mutex::new(State::default()) });
        let mut made =
            TestHost { plugin: unsafe { &*plugin }, instance: std::ptr::null_mut(), host, directory };
        let mut why: Vec<u8> = Vec::new();
        let sink = abi::Sink { ctx: &mut why as *mut Vec<u8> as *mut c_void, put: abi::append };
        let mut instance = std::ptr::null_mut();
        let rc = unsafe { (made.plugin.create)(&made.host.raw, abi::str(config), &mut instance, sink) };
        if rc != OK {
            return Err(String::from_utf8_lossy(&why).into_owned());
        }
        made.instance = instance;
        Ok(made)
    }

    /// The names of the tools.
    pub fn tools(&self) -> Vec<String> {
        let (mut list, mut count) = (std::ptr::null(), 0);
        let rc = unsafe { (self.plugin.tools)(self.instance, &mut list, &mut count) };
        assert_eq!(rc, OK, "the plugin could not list its tools");
        (0..count as usize).map(|i| unsafe { abi::text((**list.add(i)).name) }).collect()
    }

    /// Calls a tool with `args`, a JSON object. Several threads may do so at once.
    pub fn call(&self, tool: &str, args: &str) -> TestResult {
        assert!(self.tools().iter().any(|name| name == tool), "the plugin has no tool {}", tool);
        let (cancel_after, limit) = {
            let state = self.host.state.lock().unwrap();
            (state.cancel_after, state.time_limit_ns)
        };
        let cancel_fd = unsafe { eventfd(0, 0o2004000) }; // EFD_CLOEXEC | EFD_NONBLOCK
        assert!(cancel_fd >= 0, "there is no descriptor left");
        let call = CallTable {
            raw: abi::Call {
                size: std::mem::size_of::<abi::Call>() as u32,
                cancel_fd,
                id: LAST_ID.fetch_add(1, Ordering::Relaxed) + 1,
                tool: abi::str(tool),
                args: abi::str(args),
                write: on_write,
                progress: on_progress,
                cancelled: on_cancelled,
                deadline_ns: if limit == 0 { 0 } else { now_ns() + limit },
            },
            cancel_after,
            run: Mutex::new(Run::default()),
        };
        if cancel_after == Some(0) {
            cancel(&call, &mut call.run.lock().unwrap());
        }
        let rc = unsafe { (self.plugin.invoke)(self.instance, &call.raw) };
        unsafe { close(cancel_fd) };
        let run = call.run.into_inner().unwrap();
        TestResult {
            rc: if (OK..=FAULT).contains(&rc) { rc } else { FAULT },
            text: String::from_utf8_lossy(&run.text).into_owned(),
            progress: run.progress,
        }
    }

    /// What a hook has put; empty if the plugin does not have it. `hook` is its name in tenon_context.
    pub fn hook(&self, hook: &str, input: &str) -> String {
        let mut text: Vec<u8> = Vec::new();
        let extension = match self.plugin.extension {
            None => return String::new(),
            Some(extension) => extension,
        };
        let context = unsafe { extension(self.instance, b"tenon.context/1\0".as_ptr() as *const c_char) };
        if context.is_null() {
            return String::new();
        }
        let context = unsafe { &*(context as *const abi::Context) };
        let sink = abi::Sink { ctx: &mut text as *mut Vec<u8> as *mut c_void, put: abi::append };
        if hook == "begin" {
            if let Some(begin) = context.begin {
                unsafe { begin(self.instance, abi::str(input)) };
            }
            return String::new();
        }
        let function = match hook {
            "system_prompt" => context.system_prompt,
            "remind" => context.remind,
            "carry" => context.carry,
            "tasks" => context.tasks,
            _ => panic!("there is no hook {}", hook),
        };
        if let Some(function) = function {
            unsafe { function(self.instance, sink) };
        }
        String::from_utf8_lossy(&text).into_owned()
    }
    /// Gives the plugin new configuration. Err: why it keeps the old one.
    pub fn reconfigure(&self, config: &str) -> Result<(), String> {
        let mut why: Vec<u8> = Vec::new();
        let sink = abi::Sink { ctx: &mut why as *mut Vec<u8> as *mut c_void, put: abi::append };
        match self.plugin.reconfigure {
            None => Err("it takes none while it is in use".into()),
            Some(reconfigure) => match unsafe { reconfigure(self.instance, abi::str(config), sink) } {
                OK => Ok(()),
                _ => Err(String::from_utf8_lossy(&why).into_owned()),
            },
        }
    }

    /// Answers each request of `method` from now on: JSON if rc is OK, else an explanation. A request
    /// without an answer gets UNSUPPORTED.
    pub fn answer(&self, method: &str, rc: i32, text: &str) {
        self.host.state.lock().unwrap().answers.insert(method.into(), (rc, text.into()));
    }
    /// Cancels each later call once it has reported progress `count` times; 0: before it begins.
    pub fn cancel_after(&self, count: usize) {
        self.host.state.lock().unwrap().cancel_after = Some(count);
    }
    /// Gives each later call this deadline. Nothing happens when it is over.
    pub fn time_limit(&self, limit: std::time::Duration) {
        self.host.state.lock().unwrap().time_limit_ns = limit.as_nanos() as u64;
    }
    /// Each request: the method, a blank, the parameters.
    pub fn requests(&self) -> Vec<String> {
        self.host.state.lock().unwrap().requests.clone()
    }
    /// Each logged message with its level.
    pub fn log(&self) -> Vec<(i32, String)> {
        self.host.state.lock().unwrap().log.clone()
    }
    pub fn workspace(&self) -> PathBuf {
        self.directory.join("workspace")
    }
    pub fn state_dir(&self) -> PathBuf {
        self.directory.join("state")
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        if !self.instance.is_null() {
            unsafe { (self.plugin.destroy)(self.instance) };
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn now_ns() -> u64 {
    let mut time = [0i64; 2];
    unsafe { clock_gettime(CLOCK_MONOTONIC, &mut time) };
    time[0] as u64 * 1_000_000_000 + time[1] as u64
}

unsafe fn table<'a>(host: *const abi::Host) -> &'a HostTable {
    &*(host as *const HostTable)
}

unsafe extern "C" fn on_log(host: *const abi::Host, level: i32, message: abi::Str) {
    table(host).state.lock().unwrap().log.push((level, abi::text(message)));
}

unsafe extern "C" fn on_request(
    host: *const abi::Host,
    _call: *const abi::Call,
    method: abi::Str,
    params: abi::Str,
    _body: abi::Str,
    out: abi::Sink,
) -> i32 {
    let method = abi::text(method);
    let (rc, text) = {
        let mut state = table(host).state.lock().unwrap();
        state.requests.push(format!("{} {}", method, abi::text(params)));
        let unanswered = || (UNSUPPORTED, format!("the test has no answer to {}", method));
        state.answers.get(&method).cloned().unwrap_or_else(unanswered)
    };
    (out.put)(out.ctx, abi::str(&text));
    rc
}

unsafe extern "C" fn on_extension(_host: *const abi::Host, _id: *const c_char) -> *const c_void {
    std::ptr::null()
}

unsafe fn running<'a>(call: *const abi::Call) -> &'a CallTable {
    &*(call as *const CallTable)
}

fn cancel(call: &CallTable, run: &mut Run) {
    if !run.cancelled {
        run.cancelled = true;
        unsafe { eventfd_write(call.raw.cancel_fd, 1) };
    }
}

unsafe extern "C" fn on_write(call: *const abi::Call, chunk: abi::Str) -> i32 {
    running(call).run.lock().unwrap().text.extend_from_slice(abi::bytes(chunk));
    OK
}

unsafe extern "C" fn on_progress(call: *const abi::Call, note: abi::Str) {
    let call = running(call);
    let mut run = call.run.lock().unwrap();
    run.progress.push(abi::text(note));
    if call.cancel_after == Some(run.progress.len()) {
        cancel(call, &mut run);
    }
}

unsafe extern "C" fn on_cancelled(call: *const abi::Call) -> i32 {
    running(call).run.lock().unwrap().cancelled as i32
}

