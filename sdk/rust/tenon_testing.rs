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

use crate::tenon::{abi, quote, Failure, Json, BAD_ARGS, BUSY, FAILED, FAULT, OK, UNSUPPORTED};
use std::collections::HashMap;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::os::raw::{c_char, c_int, c_void};
use std::os::unix::fs::MetadataExt;
use std::os::unix::io::IntoRawFd;
use std::path::{Component, Path, PathBuf};
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
    serves_files: bool,
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
    writes: Vec<Write>,
}

/// A file that a call writes: it is `temporary` until the call returns OK, and then replaces `path`.
struct Write {
    path: PathBuf,
    shown: String,
    temporary: PathBuf,
    old: Option<(String, Permissions)>, // version and mode of what it replaces
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
        let rc = if (OK..=FAULT).contains(&rc) { rc } else { FAULT };
        let text = String::from_utf8_lossy(&run.text).into_owned();
        let (rc, text) = match finish_writes(run.writes, rc == OK) {
            Ok(()) => (rc, text),
            Err(failure) => (failure.rc, failure.text),
        };
        TestResult { rc, text, progress: run.progress }
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
    /// Answers path.open/1 for files beneath the workspace, where the table does not. Symbolic links are
    /// followed, and no rule forbids anything. With `access` write, the file that the plugin has written
    /// replaces the one in the workspace when the call returns OK, and is discarded otherwise. It is not
    /// replaced, and the call fails, where somebody else has changed it since.
    pub fn serve_files(&self) {
        self.host.state.lock().unwrap().serves_files = true;
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
    call: *const abi::Call,
    method: abi::Str,
    params: abi::Str,
    _body: abi::Str,
    out: abi::Sink,
) -> i32 {
    let (method, params) = (abi::text(method), abi::text(params));
    let (answer, serves_files) = {
        let mut state = table(host).state.lock().unwrap();
        state.requests.push(format!("{} {}", method, params));
        (state.answers.get(&method).cloned(), state.serves_files)
    };
    let (rc, text) = match answer {
        Some(answer) => answer,
        None if serves_files && method == "path.open/1" => {
            let run = if call.is_null() { None } else { Some(&running(call).run) };
            match open_file(Path::new(&table(host).texts[2]), run, Json(&params)) {
                Ok(answer) => (OK, answer),
                Err(failure) => (failure.rc, failure.text),
            }
        }
        None => (UNSUPPORTED, format!("the test has no answer to {}", method)),
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

/// A text that changes when a file is replaced or written.
fn version_of(file: &Metadata) -> String {
    format!("{:x}-{:x}-{:x}-{:x}.{:x}", file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec())
}

fn changed(shown: &str) -> Failure {
    format!("{} was changed by somebody else meanwhile; read it again.", shown).into()
}

fn opened(file: File, path: &Path, shown: &str, version: Option<String>) -> String {
    let version = version.map(|text| format!(",\"version\":{}", quote(&text))).unwrap_or_default();
    let path = quote(&path.to_string_lossy());
    format!("{{\"fd\":{},\"path\":{},\"shown\":{}{}}}", file.into_raw_fd(), path, quote(shown), version)
}

/// path.open/1 for files of the workspace. `run` is the call that asks.
fn open_file(workspace: &Path, run: Option<&Mutex<Run>>, params: Json) -> Result<String, Failure> {
    let shown = params.text("path").ok_or_else(|| Failure::new(BAD_ARGS, "path is missing"))?;
    let access = params.text("access").unwrap_or_default();
    let replaces = params.text("replaces");
    let path = workspace.join(&shown);
    if !["read", "folder", "write"].contains(&access.as_str()) {
        return Err(Failure::new(BAD_ARGS, "access must be read, folder or write"));
    }
    if access != "write" && replaces.is_some() {
        return Err(Failure::new(BAD_ARGS, "replaces goes with the access write"));
    }
    if !path.starts_with(workspace) || path.components().any(|part| part == Component::ParentDir) {
        return Err(format!("{} is outside the workspace", shown).into());
    }
    if access == "write" {
        return open_to_write(workspace, run, path, shown, replaces);
    }
    let failed = |why: std::io::Error| Failure::from(format!("{}: {}", shown, why));
    let file = File::open(&path).map_err(failed)?;
    let info = file.metadata().map_err(failed)?;
    if access == "folder" && !info.is_dir() {
        return Err(format!("{}: Not a directory", shown).into());
    }
    let version = if info.is_file() { Some(version_of(&info)) } else { None };
    Ok(opened(file, &path, &shown, version))
}

fn open_to_write(
    workspace: &Path,
    run: Option<&Mutex<Run>>,
    path: PathBuf,
    shown: String,
    replaces: Option<String>,
) -> Result<String, Failure> {
    let no_call = || Failure::new(UNSUPPORTED, "a file is written by a call; there is none under way");
    let run = run.ok_or_else(no_call)?;
    let failed = |why: std::io::Error| Failure::from(format!("{}: {}", shown, why));
    let path = path.canonicalize().unwrap_or(path); // it may be missing
    let old = match std::fs::metadata(&path) {
        Ok(info) if info.is_dir() => return Err(format!("{} is a directory, not a file.", shown).into()),
        Ok(info) if !info.is_file() => {
            return Err(format!("{} is not a regular file, and is left alone.", shown).into())
        }
        Ok(info) => Some((version_of(&info), info.permissions())),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => None,
        Err(why) => return Err(failed(why)),
    };
    let version = old.as_ref().map(|(version, _)| version.clone()).unwrap_or_default();
    if replaces.map_or(false, |expected| expected != version) {
        return Err(changed(&shown));
    }
    std::fs::create_dir_all(path.parent().unwrap()).map_err(failed)?;
    let mut run = run.lock().unwrap();
    if run.writes.len() == MOST_WRITES {
        return Err(Failure::new(BUSY, "a call may open at most 64 files for writing"));
    }
    let id = LAST_ID.fetch_add(1, Ordering::Relaxed);
    let temporary = workspace.with_file_name(format!("written-{}", id)); // beside the workspace
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&temporary).map_err(failed)?;
    let answer = opened(file, &path, &shown, Some(version));
    run.writes.push(Write { path, shown, temporary, old });
    Ok(answer)
}

/// A call may open so many files for writing, as in a host.
const MOST_WRITES: usize = 64;

/// Puts the files of a call in place, or discards them.
fn finish_writes(writes: Vec<Write>, succeeded: bool) -> Result<(), Failure> {
    let done = if succeeded { put_writes(&writes) } else { Ok(()) };
    for write in &writes {
        let _ = std::fs::remove_file(&write.temporary); // those that are in place are not there
    }
    done
}

fn put_writes(writes: &[Write]) -> Result<(), Failure> {
    for write in writes {
        let now = std::fs::metadata(&write.path).ok().map(|info| version_of(&info));
        if now.as_ref() != write.old.as_ref().map(|(version, _)| version) {
            return Err(changed(&write.shown));
        }
    }
    for write in writes {
        let put = || {
            if let Some((_, mode)) = &write.old {
                std::fs::set_permissions(&write.temporary, mode.clone())?;
            }
            std::fs::rename(&write.temporary, &write.path)
        };
        put().map_err(|why: std::io::Error| Failure::new(FAILED, format!("{}: {}", write.shown, why)))?;
    }
    Ok(())
}
