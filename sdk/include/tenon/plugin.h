/* clang-format off */
/* SPDX-License-Identifier: Apache-2.0
 *
 * The Tenon plugin ABI 1.1, frozen: a plugin built for it is loaded by every host of ABI 1.1 and of
 * later minor versions of 1. (1.0 was a draft. No host loads a plugin built for it.)
 *
 * This header is the reference: shapes, ownership, threads, errors. It compiles as C11 and as C++17.
 *
 * SHAPE
 *   A plugin is a shared library with one exported function, tenon_plugin_v1(), and one ELF note
 *   (TENON_PLUGIN_NOTE) from which the host learns ABI and id without running any of its code.
 *   Two functions cross the boundary: invoke (host to plugin) and request (plugin to host). Arguments
 *   and results are JSON text, so that the same plugin can run in another process.
 *
 * EVOLUTION
 *   The major version is in the symbol's name. Every struct begins with its size in bytes and is only
 *   appended to: read a field only if `size` reaches it (TENON_HAS). Arrays that cross the boundary
 *   are arrays of pointers. Whatever is added later is optional. Unknown flag bits are ignored; unknown
 *   methods answer TENON_UNSUPPORTED, unknown extensions NULL. A method changes by a new revision
 *   after its slash; revision 0 is a draft. Codes of tenon_rc that the host does not know count as
 *   TENON_FAULT. tenon_str, tenon_sink and tenon_note have no size and never change.
 *   The rules on threads, ownership and blocking are part of the ABI.
 *
 * OWNERSHIP
 *   The caller owns what it passes until the call returns; the callee copies what it wants to keep.
 *   Nothing is allocated on one side and freed on the other. The tenon_plugin and its strings live as
 *   long as the library, which is never unloaded; a tool list, its tools and their strings until the
 *   next tools() or destroy(). No exception crosses the boundary.
 *
 * THREADS
 *   create, destroy, tools and reconfigure are called one at a time, and never while an invoke of
 *   that instance runs. invoke is called on any thread of the host. Calls of tools with
 *   TENON_CONCURRENT may overlap; a call of a tool without it overlaps no other call of its instance.
 *   All functions of tenon_host and tenon_call may be called from any thread: those of a call until
 *   its invoke returns, those of the host until destroy returns. Threads that a plugin starts have
 *   ended when destroy returns. They may outlive an invoke, but do not use its tenon_call then. A
 *   plugin does not touch signal handlers, the signal mask of threads of the host, RLIMIT_NOFILE,
 *   chdir, umask, setenv, setlocale, or waitpid(-1). It prints nothing on stdout and stderr; if it
 *   does, the text goes to the host's log.
 *
 * BLOCKING
 *   invoke may take as long as the work does, and ends soon after its call is cancelled. A person
 *   waits while create, destroy, tools and reconfigure run, so they do not use the network.
 *
 * FACTS OF A TOOL
 *   A tool states itself what the host needs to show and judge its calls, as a JSON object in
 *   tenon_tool.facts. Every member is optional; unknown members are ignored. ARGUMENT is the name of a
 *   property of the tool's input schema.
 *   "subject": TEXT       What a call acts on, for the line that shows the call. In TEXT, {a} stands for
 *                         the value of the argument a, {a:first} for its first line, {a|b} for the
 *                         first of several that is present, and {a+b} for a range of lines which begins
 *                         with line a and has b lines. The text in [ ] is left out if a value in it
 *                         is missing. Without this member all arguments are shown.
 *   "command": ARGUMENT   A bash command, judged by the rules Bash(...). "directory": ARGUMENT is where
 *                         it runs.
 *   "reads": [ARGUMENT, ...], "writes": [ARGUMENT, ...]
 *                         A path or a list of paths, judged by the rules Read(...) and Edit(...). A
 *                         relative path begins at the workspace; a missing one is the workspace.
 *   "pattern": ARGUMENT   A pattern of file names beneath the first path of "reads".
 *   "result": TEXT        How the result is shown:
 *       "text"            its first lines; the default
 *       "nothing"         not at all
 *       "line_count"      the number of its lines
 *       "command"         the output of a command that may end in a line such as [exit code: 3]
 *       "checklist"       not the result but the list in "items": ARGUMENT, of objects with "text" and
 *                         "status" (pending, in_progress, completed)
 *       "change"          not the result but what the call does to the file of "writes": the text of
 *                         "before": ARGUMENT becomes that of "after": ARGUMENT, everywhere when
 *                         "everywhere": ARGUMENT is true. Without "before" it is the whole file.
 *       "diff"            the result is a unified diff
 *   "for_subagents": false
 *                         No subagent has the tool.
 *   "no_question": true   A call needs no question, though the tool is not read-only.
 *   "conversation_only": true
 *                         The same, and a call is also allowed in the mode plan: it changes nothing
 *                         outside the conversation.
 *   "rules": "Agent" or "Skill"
 *                         The rules that judge the tool; "rule_name": ARGUMENT is what they look at.
 *   "recovered": "start" or "subagent"
 *                         The result of a call that was running when the host ended: that its job was
 *                         started, or the last text of its subagent. Default: how its job ended.
 *   Whether a call may wait for long is the flag TENON_LONG_RUNNING. Of a plugin that is not
 *   first-party, no_question, conversation_only and rules are ignored, and a command or a path is
 *   judged by deny rules and ask rules alone: none of them spares a question.
 */
/* clang-format on */
#ifndef TENON_PLUGIN_H
#define TENON_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_ABI_MAJOR 1
#define TENON_ABI_MINOR 1

/* Whether the struct that `ptr` points to is new enough to have `field`. */
#define TENON_HAS(ptr, field) \
    ((ptr)->size >= (uint32_t)((const char*)(&(ptr)->field + 1) - (const char*)(ptr)))

/* UTF-8 text, not NUL-terminated; p may be NULL when n is 0. */
typedef struct tenon_str {
    const char* p;
    size_t n;
} tenon_str;

/* Where a callee puts text of any length. put may be called several times (the parts are joined),
 * not from several threads at once, and not after the call that passed the sink has returned. */
typedef struct tenon_sink {
    void* ctx;
    void (*put)(void* ctx, tenon_str chunk);
} tenon_sink;

typedef int32_t tenon_rc;
enum {
    TENON_OK = 0,
    TENON_FAILED = 1,      /* the tool failed; the text is an answer for the model; no defect */
    TENON_BAD_ARGS = 2,    /* the arguments are wrong; the text says which and why */
    TENON_CANCELLED = 3,   /* stopped because the call was cancelled */
    TENON_DENIED = 4,      /* permission refused; the text names the rule */
    TENON_UNSUPPORTED = 5, /* no such method, revision or extension in this host or plugin */
    TENON_BUSY = 6,        /* try again later */
    TENON_FAULT = 7        /* a defect; counts towards disabling the plugin */
};

/* Flags of a tool. Each bit RELAXES an assumption. With 0 the host assumes the worst. */
enum {
    TENON_READ_ONLY = 1,    /* changes nothing outside its own memory */
    TENON_ADDITIVE = 2,     /* may create, never changes or removes what is there */
    TENON_IDEMPOTENT = 4,   /* a second call with the same arguments changes nothing more */
    TENON_CLOSED_WORLD = 8, /* touches only this machine's workspace, no network */
    TENON_CONCURRENT = 16,  /* invoke may run several times at once */
    TENON_LONG_RUNNING = 32 /* may wait for minutes; gets a thread of its own */
};

enum { TENON_LOG_DEBUG = 0, TENON_LOG_INFO = 1, TENON_LOG_WARNING = 2, TENON_LOG_ERROR = 3 };

/* One function a model may call. Owned by the plugin. */
typedef struct tenon_tool {
    uint32_t size;
    uint32_t flags;
    tenon_str name;         /* [a-z][a-z0-9_]{0,63}, unique in the host */
    tenon_str description;  /* for the model: what it does and when to use it */
    tenon_str input_schema; /* JSON Schema (draft 7 subset) of type object, checked by the host */
    tenon_str facts;        /* optional: a JSON object, see FACTS OF A TOOL */
} tenon_tool;

/* One running call. Owned by the host; dies when invoke returns. */
typedef struct tenon_call tenon_call;
struct tenon_call {
    uint32_t size;
    int32_t cancel_fd; /* becomes readable when the call is cancelled: poll it beside your own */
    uint64_t id;       /* unique in this host process */
    tenon_str tool;
    tenon_str args; /* a JSON object, already checked against the tool's schema */
    /* Appends to the text of the result; characters may be cut between chunks, bytes that are not
     * UTF-8 are repaired. Of a long result the beginning and the end are kept. TENON_FAILED: much
     * more has been written than is kept, so stop; what is written nevertheless still counts. */
    tenon_rc (*write)(const tenon_call* call, tenon_str chunk);
    /* One short line for a person who waits. */
    void (*progress)(const tenon_call* call, tenon_str note);
    /* 1 once the call is cancelled: finish soon, return TENON_CANCELLED. */
    int32_t (*cancelled)(const tenon_call* call);
    /* When the host gives up on the call, in nanoseconds of CLOCK_MONOTONIC; 0: never. A call that
     * has not returned then counts as a hang. The host moves this moment while it serves a request
     * of the call, but does not change this field. */
    uint64_t deadline_ns;
};

/* What a plugin may ask of the host. Owned by the host; lives until destroy returns. */
typedef struct tenon_host tenon_host;
struct tenon_host {
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;
    tenon_str version;    /* of the host program */
    tenon_str plugin_dir; /* the folder this plugin was loaded from */
    tenon_str workspace;  /* absolute path */
    void (*log)(const tenon_host* host, int32_t level, tenon_str message);
    /* Calls a method of the host, e.g. "job.submit/1". `params` is a JSON object. The answer, JSON
     * on TENON_OK and an explanation in plain words otherwise, is put into `out` before the call
     * returns. `body` carries raw bytes where a method takes them, else it is empty. May block as
     * long as the method says; a cancelled `call` ends the wait. `call` is the invoke under way, or
     * NULL outside one (most methods then answer TENON_UNSUPPORTED). The methods are listed in the
     * SDK's README. */
    tenon_rc (*request)(const tenon_host* host, const tenon_call* call, tenon_str method,
                        tenon_str params, tenon_str body, tenon_sink out);
    /* A table of functions by its NUL-terminated id, such as "tenon.context/1", or NULL. Lives as
     * long as the host struct. */
    const void* (*extension)(const tenon_host* host, const char* id);
    /* A folder that belongs to this plugin: absolute path, exists, mode 0700. */
    tenon_str state_dir;
};

/* The plugin itself. Static data of the library. */
typedef struct tenon_plugin {
    uint32_t size;
    uint16_t abi_major; /* TENON_ABI_MAJOR, TENON_ABI_MINOR of the header it was built with */
    uint16_t abi_minor;
    tenon_str id;            /* [a-z][a-z0-9_-]{0,31}; the same as in the note */
    tenon_str version;       /* of the plugin, any text */
    tenon_str config_schema; /* JSON Schema of `config`, checked before create; empty: any object */
    /* Makes an instance. `config` is a JSON object of the keys plugins.<id>.*, without those of the
     * host. On anything but TENON_OK the plugin is not used, what was put into `error` is shown,
     * and destroy is not called. Several instances may live at once, after a reload for instance.
     */
    tenon_rc (*create)(const tenon_host* host, tenon_str config, void** self, tenon_sink error);
    void (*destroy)(void* self);
    /* Points `list` to `count` tools, for models in this order. On anything but TENON_OK the plugin
     * is not used. Called after create, and again after the plugin has requested tools.changed/1.
     */
    tenon_rc (*tools)(void* self, const tenon_tool* const** list, uint32_t* count);
    /* Runs one call. What was written is the result: an answer on TENON_OK, an error for the model
     * on anything else. */
    tenon_rc (*invoke)(void* self, const tenon_call* call);
    /* Optional (NULL): takes new configuration, which fits config_schema, or refuses it and keeps
     * the old one. Called when a person reloads the plugins. */
    tenon_rc (*reconfigure)(void* self, tenon_str config, tenon_sink error);
    /* Optional (NULL): a table of functions by its NUL-terminated id, or NULL; lives until destroy.
     */
    const void* (*extension)(void* self, const char* id);
} tenon_plugin;

/* Extension "tenon.context/1" of a plugin: hooks that add text to the conversation of a session. An
 * instance serves one session. Every function is optional (NULL). They are called one at a time,
 * never during a tool call of the conversation itself (calls of subagents may run), and return at
 * once: they use neither the network nor locks that are held for long. A plugin in another process
 * has one second for each. What is put into `out` is UTF-8 text; a function that has nothing to add
 * puts nothing. */
#define TENON_CONTEXT "tenon.context/1"
typedef struct tenon_context {
    uint32_t size;
    /* Called before any call and before every other function except system_prompt, and again when
     * the conversation is cleared. `session` is a JSON object
     * {"session": id, "reason": "new" | "resumed" | "cleared" | "restarted"}. The id is empty when
     * there is no session (`tenon tool`). "resumed" is also the reason for a plugin that is loaded
     * into a session that has begun; "restarted" is that of a new process after a fault. */
    void (*begin)(void* self, tenon_str session);
    /* A part of the system prompt. Called once, when a session is created. */
    void (*system_prompt)(void* self, tenon_sink out);
    /* A reminder for the model. Called before each request to the model and sent with it. */
    void (*remind)(void* self, tenon_sink out);
    /* What a summary of the conversation must contain, such as unfinished work. */
    void (*carry)(void* self, tenon_sink out);
    /* The tasks of the workspace, for `tenon tasks`. Only a plugin that keeps tasks has this
     * function. It puts a JSON object:
     * {"tasks":[{"id","subject","description","status","blockedBy","blocks",
     * "owner"}],"unusable":[{"file","reason"}]}, with `file` relative to the workspace, or
     * {"error": text} when the tasks cannot be read. It changes nothing. It may be called without
     * begin. */
    void (*tasks)(void* self, tenon_sink out);
} tenon_context;

/* Extension "tenon.prompts/1" of a plugin: texts that a person can send to the model by their names,
 * as `/NAME ARGUMENTS`, such as skills. When and how its functions are called is as for
 * tenon_context. */
#define TENON_PROMPTS "tenon.prompts/1"
typedef struct tenon_prompts {
    uint32_t size;
    /* Puts a JSON array of {"name","description","arguments"}. A name has the characters
     * A-Z a-z 0-9 _ . : - only. "arguments" is a hint for the person and may be missing. Of several
     * with one name, the first plugin's is used. Called when an interactive session has been opened,
     * after /reload, and before `text`. */
    void (*list)(void* self, tenon_sink out);
    /* The text of one of them. `request` is a JSON object {"name","arguments"}. Puts a JSON object
     * {"text": what the model gets}, or {"error": why there is no such text}. */
    void (*text)(void* self, tenon_str request, tenon_sink out);
} tenon_prompts;

#if defined(_WIN32)
#define TENON_EXPORT
#else
#define TENON_EXPORT __attribute__((visibility("default")))
#endif

/* The only export. Returns static data; does nothing else. */
TENON_EXPORT const tenon_plugin* tenon_plugin_v1(void);

/* The ELF note in section .note.tenon, read without running the plugin: name "TENON", type 1, a
 * descriptor of major, minor and id. Write it once, at file scope: TENON_PLUGIN_NOTE("my-plugin");
 */
#define TENON_NOTE_NAME "TENON"
#define TENON_NOTE_TYPE 1
typedef struct tenon_note {
    uint32_t name_size; /* 6 */
    uint32_t desc_size; /* 40 */
    uint32_t type;
    char name[8]; /* "TENON\0\0\0" */
    uint16_t abi_major;
    uint16_t abi_minor;
    char id[36]; /* NUL-padded */
} tenon_note;
#define TENON_PLUGIN_NOTE(plugin_id)                                           \
    __attribute__((section(".note.tenon"), used,                               \
                   aligned(4))) static const tenon_note tenon_plugin_note_ = { \
        6, 40, TENON_NOTE_TYPE, TENON_NOTE_NAME, TENON_ABI_MAJOR, TENON_ABI_MINOR, plugin_id}

#ifdef __cplusplus
}
#endif

/* The second note: what the plugin needs beyond its own folder, the workspace and its state_dir.
 * Name "TENON", type 2, a descriptor that is JSON text without NUL:
 *     {"needs": ["network", "exec", "read:DIR", "write:DIR"], "summary": "why, for a person"}
 * DIR is an absolute path or begins with ~/. The plugin is not loaded before somebody has put its
 * needs into plugins.<id>.grants. Write it once, at file scope, with a string literal:
 *     TENON_PLUGIN_NEEDS("{\"needs\":[\"network\"],\"summary\":\"Asks the weather service.\"}"); */
#define TENON_NOTE_TYPE_NEEDS 2
#ifdef __cplusplus
namespace tenon_detail {
template <unsigned long N>
struct needs_note {
    uint32_t name_size, desc_size, type;
    char name[8];
    char json[(N - 1 + 3) / 4 * 4];
};
template <unsigned long N>
constexpr needs_note<N> make_needs_note(const char (&json)[N]) {
    needs_note<N> note = {6, N - 1, TENON_NOTE_TYPE_NEEDS, TENON_NOTE_NAME, {}};
    for (unsigned long i = 0; i + 1 < N; ++i)
        note.json[i] = json[i];
    return note;
}
}  // namespace tenon_detail
#define TENON_PLUGIN_NEEDS(needs_json)                                                          \
    __attribute__((section(".note.tenon"), used,                                                \
                   aligned(4))) static constexpr ::tenon_detail::needs_note<sizeof(needs_json)> \
        tenon_plugin_needs_ = ::tenon_detail::make_needs_note(needs_json)
#else
#define TENON_PLUGIN_NEEDS(needs_json)                                                          \
    __attribute__((section(".note.tenon"), used, aligned(4))) static const struct {             \
        uint32_t name_size, desc_size, type;                                                    \
        char name[8];                                                                           \
        char json[(sizeof(needs_json) - 1 + 3) / 4 * 4];                                        \
    } tenon_plugin_needs_ = {6, sizeof(needs_json) - 1, TENON_NOTE_TYPE_NEEDS, TENON_NOTE_NAME, \
                             needs_json}
#endif

#endif
