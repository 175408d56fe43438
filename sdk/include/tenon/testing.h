/* SPDX-License-Identifier: Apache-2.0
 *
 * A host for the tests of a plugin: it opens the library, makes an instance, calls its tools and
 * answers its requests from a table. It compiles as C11 and as C++17 (see tenon/testing.hpp). A
 * test:
 *
 *     #include <tenon/testing.h>
 *
 *     int main(void) {
 *         tenon_test *test = tenon_test_new();
 *         tenon_test_open(test, "build/hello.so", "{}");
 *         tenon_test_result hello = tenon_test_call(test, "hello", "{\"name\":\"Ada\"}");
 *         TENON_EXPECT(test, hello.rc == TENON_OK);
 *         TENON_EXPECT_TEXT(test, hello.text, "Hello, Ada!");
 *         return tenon_test_end(test);
 *     }
 *
 * What it does not do: check arguments against the input schema, read the ELF notes, or run the
 * plugin in another process. `tenon plugin verify` and `tenon plugin call` do.
 *
 * Texts that are returned are as the plugin wrote them, end with a NUL, and live until
 * tenon_test_end or tenon_test_free; those of tenon_test_log, tenon_test_requests and
 * tenon_test_error until there is more. tenon_test_call and tenon_test_cancel may be called from
 * several threads, so that calls of tools with TENON_CONCURRENT can overlap; the other functions
 * while no call runs. A plugin that uses its tenon_call after its invoke has returned ends the test
 * with a message. So does a lack of memory. */
#ifndef TENON_TESTING_H
#define TENON_TESTING_H

/* mkdtemp, clock_gettime and pthread_mutex_t are not in ISO C. */
#if !defined(__cplusplus) && !defined(_POSIX_C_SOURCE) && !defined(_GNU_SOURCE) && \
    !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE 1
#endif

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <tenon/json.h>
#include <tenon/plugin.h>

#if defined(__GLIBC__) && !defined(__USE_XOPEN2K8)
#error "include <tenon/testing.h> before other headers, or compile with -D_GNU_SOURCE"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One host with at most one instance of a plugin. */
typedef struct tenon_test tenon_test;

/* What a call has returned. A code that the ABI does not know becomes TENON_FAULT, as in a host. */
typedef struct tenon_test_result {
    tenon_rc rc;
    const char *text; /* what the plugin wrote */
    size_t size;
    const char *progress; /* a line for each progress, each with '\n' */
} tenon_test_result;

/* Answers a request: puts an answer and returns a code. `params` ends with a NUL. */
typedef tenon_rc (*tenon_test_responder)(void *context, const char *method, const char *params,
                                         tenon_str body, tenon_sink out);

/* Makes a host with two new empty folders, workspace and state_dir, beneath $TMPDIR or /tmp. */
static inline tenon_test *tenon_test_new(void);
/* Destroys the instance, and removes the two folders with all that is in them. */
static inline void tenon_test_free(tenon_test *test);
/* The same; returns the exit status of the test: 0, or 1 if an expectation or an open failed. */
static inline int tenon_test_end(tenon_test *test);

static inline const char *tenon_test_workspace(const tenon_test *test);
static inline const char *tenon_test_state_dir(const tenon_test *test);

/* Loads a library and makes an instance with the configuration `config`, a JSON object. An instance
 * that is there already is destroyed first. The library is never unloaded. 0 when that fails:
 * tenon_test_error has the reason. */
static inline int tenon_test_open(tenon_test *test, const char *file, const char *config);
/* The same with a plugin that is linked into the test, as tenon_plugin_v1() returns it. */
static inline int tenon_test_use(tenon_test *test, const tenon_plugin *plugin, const char *config);
/* Why the last open, use or reconfigure has failed; else an empty text. */
static inline const char *tenon_test_error(const tenon_test *test);

/* The tool of this name, as the plugin states it; NULL if there is none. */
static inline const tenon_tool *tenon_test_tool(tenon_test *test, const char *name);
/* Calls a tool with `args`, a JSON object. TENON_BAD_ARGS if the plugin has no such tool. */
static inline tenon_test_result tenon_test_call(tenon_test *test, const char *tool,
                                                const char *args);
/* Calls a hook of tenon.context/1 by the name of its member in tenon_context: "begin",
 * "system_prompt", "remind", "carry" or "tasks". `input` is JSON for "begin" and "" for the others.
 * Returns what the hook has put; an empty text if the plugin does not have the hook. */
static inline const char *tenon_test_hook(tenon_test *test, const char *hook, const char *input);
/* Gives the plugin new configuration. TENON_UNSUPPORTED if it takes none while it runs. */
static inline tenon_rc tenon_test_reconfigure(tenon_test *test, const char *config);

/* Answers each request of `method` with `text` from now on: JSON if rc is TENON_OK, else an
 * explanation. A request without an answer gets TENON_UNSUPPORTED, except tools.changed/1, which
 * makes this host read the list of tools again, once no call runs. */
static inline void tenon_test_answer(tenon_test *test, const char *method, tenon_rc rc,
                                     const char *text);
/* Answers each request that has no answer in the table. */
static inline void tenon_test_respond(tenon_test *test, tenon_test_responder responder,
                                      void *context);
/* Answers path.open/1 with `access` read or folder for files beneath the workspace, where nothing
 * else answers it. Symbolic links are followed, wherever they lead. */
static inline void tenon_test_serve_files(tenon_test *test);
/* A line for each request: the method, a blank, the parameters. */
static inline const char *tenon_test_requests(tenon_test *test);
/* A line for each message that the plugin has logged: its level (debug, info, warning or error),
 * a colon and a blank, the message. */
static inline const char *tenon_test_log(tenon_test *test);

/* Cancels every running call. */
static inline void tenon_test_cancel(tenon_test *test);
/* Cancels each later call once it has reported progress `count` times; 0: before it begins;
 * negative (at first): never. */
static inline void tenon_test_cancel_after(tenon_test *test, long count);
/* Gives each later call this deadline, in milliseconds from its begin. 0 (at first): none. Nothing
 * happens when it is over. */
static inline void tenon_test_time_limit(tenon_test *test, uint32_t milliseconds);
/* Later results are full at this size in bytes: what does not fit is left out, and write returns
 * TENON_FAILED. SIZE_MAX (at first): never. */
static inline void tenon_test_result_limit(tenon_test *test, size_t bytes);

/* An expectation: counted and printed with its place if it is false. The test goes on. */
#define TENON_EXPECT(test, condition) \
    tenon_test_expect(test, (condition) ? 1 : 0, __FILE__, __LINE__, #condition)
/* Two texts are equal. Prints both if they are not. */
#define TENON_EXPECT_TEXT(test, found, expected) \
    tenon_test_expect_text(test, found, expected, __FILE__, __LINE__)
static inline int tenon_test_expect(tenon_test *test, int holds, const char *file, int line,
                                    const char *what);
static inline int tenon_test_expect_text(tenon_test *test, const char *found, const char *expected,
                                         const char *file, int line);

/* ---- The rest of this file is how it is done. ---- */

/* Text that grows; always ends with a NUL. */
typedef struct tenon_test_text {
    char *p;
    size_t n, room;
} tenon_test_text;

/* The answer to a method, or what a hook has put. */
typedef struct tenon_test_reply {
    struct tenon_test_reply *next;
    char *method, *text;
    tenon_rc rc;
} tenon_test_reply;

/* One call. It is kept to the end of the test, to find uses after its return. */
typedef struct tenon_test_run {
    tenon_call call; /* first: a tenon_call is converted to its run */
    struct tenon_test_run *next;
    tenon_test *test;
    int returned, cancelled;
    long progress_count, cancel_after;
    tenon_test_text tool, args, text, progress;
} tenon_test_run;

struct tenon_test {
    tenon_host host; /* first: a tenon_host is converted to its test */
    pthread_mutex_t mutex;
    tenon_test_text folder, workspace, state_dir, plugin_dir, error, log, requests, config;
    const tenon_plugin *plugin;
    void *self;
    int created, failed, changed_tools, serves_files;
    const tenon_tool *const *tools;
    uint32_t tool_count;
    tenon_test_reply *replies;
    tenon_test_reply *hook_texts;
    tenon_test_run *runs;
    uint64_t last_id;
    long cancel_after;
    uint32_t time_limit_ms;
    size_t result_limit;
    tenon_test_responder responder;
    void *responder_context;
};

static inline void *tenon_test_memory(void *before, size_t size) {
    void *const found = realloc(before, size);
    if (found != NULL) return found;
    fputs("tenon/testing.h: out of memory\n", stderr);
    abort();
}

static inline tenon_str tenon_test_str(const char *text) {
    tenon_str out;
    out.p = text;
    out.n = strlen(text);
    return out;
}

static inline void tenon_test_add(tenon_test_text *text, tenon_str chunk) {
    if (text->n + chunk.n + 1 > text->room) {
        text->room = 2 * (text->n + chunk.n) + 64;
        text->p = (char *)tenon_test_memory(text->p, text->room);
    }
    if (chunk.n > 0) memcpy(text->p + text->n, chunk.p, chunk.n);
    text->n += chunk.n;
    text->p[text->n] = '\0';
}

static inline void tenon_test_set(tenon_test_text *text, const char *value) {
    text->n = 0;
    tenon_test_add(text, tenon_test_str(value));
}

static inline void tenon_test_put(void *text, tenon_str chunk) {
    tenon_test_add((tenon_test_text *)text, chunk);
}

static inline tenon_sink tenon_test_sink(tenon_test_text *text) {
    tenon_sink out;
    out.ctx = text;
    out.put = tenon_test_put;
    return out;
}

static inline int tenon_test_equal(tenon_str text, const char *other) {
    return text.n == strlen(other) && (text.n == 0 || memcmp(text.p, other, text.n) == 0);
}

/* -- what the plugin may use of a host -- */

static inline tenon_test *tenon_test_of(const tenon_host *host) {
    return (tenon_test *)host;
}

static inline void tenon_test_on_log(const tenon_host *host, int32_t level, tenon_str message) {
    static const char *const names[] = {"debug: ", "info: ", "warning: ", "error: "};
    tenon_test *const test = tenon_test_of(host);
    pthread_mutex_lock(&test->mutex);
    tenon_test_add(&test->log, tenon_test_str(level >= 0 && level <= 3 ? names[level] : "? "));
    tenon_test_add(&test->log, message);
    tenon_test_add(&test->log, tenon_test_str("\n"));
    pthread_mutex_unlock(&test->mutex);
}

/* The run of a call that has not returned. */
static inline tenon_test_run *tenon_test_running(const tenon_call *call) {
    tenon_test_run *const run = (tenon_test_run *)call;
    if (!run->returned) return run;
    fprintf(stderr, "the plugin used a call of %s after its invoke had returned\n", run->tool.p);
    abort();
}

static inline tenon_rc tenon_test_say(tenon_sink out, tenon_rc rc, const char *text,
                                      const char *more) {
    out.put(out.ctx, tenon_test_str(text));
    out.put(out.ctx, tenon_test_str(more));
    return rc;
}

/* Whether an absolute path is that of the workspace, or beneath it, as it is written. */
static inline int tenon_test_is_inside(const tenon_test *test, const char *path) {
    const size_t n = test->workspace.n;
    return strncmp(path, test->workspace.p, n) == 0 && (path[n] == '/' || path[n] == '\0') &&
           strstr(path, "/..") == NULL;
}

/* path.open/1 for files of the workspace. */
static inline tenon_rc tenon_test_open_file(const tenon_test *test, const char *params,
                                            tenon_sink out) {
    const tenon_str given = tenon_test_str(params);
    const tenon_str access = tenon_json_member(given, "access");
    const int is_folder = tenon_json_equals(access, "folder");
    tenon_test_text full = {NULL, 0, 0};
    char path[4096], number[32];
    tenon_rc rc = TENON_OK;
    int fd;
    if (!tenon_json_string(tenon_json_member(given, "path"), path, sizeof path, NULL))
        return tenon_test_say(out, TENON_BAD_ARGS, "path is missing", "");
    if (!is_folder && !tenon_json_equals(access, "read"))
        return tenon_test_say(out, TENON_UNSUPPORTED, "this test serves files for reading only",
                              "");
    tenon_test_set(&full, path[0] == '/' ? "" : test->workspace.p);
    tenon_test_add(&full, tenon_test_str(path[0] == '/' ? "" : "/"));
    tenon_test_add(&full, tenon_test_str(path));
    if (!tenon_test_is_inside(test, full.p)) {
        rc = tenon_test_say(out, TENON_FAILED, path, " is outside the workspace");
    } else if ((fd = open(full.p, O_RDONLY | O_CLOEXEC | (is_folder ? O_DIRECTORY : 0))) < 0) {
        out.put(out.ctx, tenon_test_str(path));
        rc = tenon_test_say(out, TENON_FAILED, ": ", strerror(errno));
    } else {
        snprintf(number, sizeof number, "{\"fd\":%d,\"path\":", fd);
        out.put(out.ctx, tenon_test_str(number));
        tenon_json_quote(tenon_test_str(full.p), out);
        out.put(out.ctx, tenon_test_str(",\"shown\":"));
        tenon_json_quote(tenon_test_str(path), out);
        out.put(out.ctx, tenon_test_str("}"));
    }
    free(full.p);
    return rc;
}

static inline tenon_rc tenon_test_on_request(const tenon_host *host, const tenon_call *call,
                                             tenon_str method, tenon_str params, tenon_str body,
                                             tenon_sink out) {
    tenon_test *const test = tenon_test_of(host);
    tenon_test_reply *reply;
    tenon_test_responder responder;
    void *context;
    tenon_test_text name = {NULL, 0, 0}, parameters = {NULL, 0, 0};
    tenon_rc rc;
    if (call != NULL) tenon_test_running(call);
    tenon_test_add(&name, method);
    tenon_test_add(&parameters, params);
    pthread_mutex_lock(&test->mutex);
    tenon_test_add(&test->requests, method);
    tenon_test_add(&test->requests, tenon_test_str(" "));
    tenon_test_add(&test->requests, params);
    tenon_test_add(&test->requests, tenon_test_str("\n"));
    for (reply = test->replies; reply != NULL; reply = reply->next)
        if (tenon_test_equal(method, reply->method)) break;
    responder = test->responder;
    context = test->responder_context;
    if (tenon_test_equal(method, "tools.changed/1")) test->changed_tools = 1;
    pthread_mutex_unlock(&test->mutex);
    if (reply != NULL) {
        out.put(out.ctx, tenon_test_str(reply->text));
        rc = reply->rc;
    } else if (tenon_test_equal(method, "tools.changed/1")) {
        out.put(out.ctx, tenon_test_str("{}"));
        rc = TENON_OK;
    } else if (test->serves_files && tenon_test_equal(method, "path.open/1")) {
        rc = tenon_test_open_file(test, parameters.p, out);
    } else if (responder != NULL) {
        rc = responder(context, name.p, parameters.p, body, out);
    } else {
        out.put(out.ctx, tenon_test_str("the test has no answer to "));
        out.put(out.ctx, method);
        rc = TENON_UNSUPPORTED;
    }
    free(name.p);
    free(parameters.p);
    return rc;
}

static inline const void *tenon_test_on_extension(const tenon_host *host, const char *id) {
    (void)host;
    (void)id;
    return NULL;
}

static inline tenon_rc tenon_test_on_write(const tenon_call *call, tenon_str chunk) {
    tenon_test_run *const run = tenon_test_running(call);
    tenon_test *const test = run->test;
    tenon_rc rc = TENON_OK;
    pthread_mutex_lock(&test->mutex);
    if (chunk.n > test->result_limit - run->text.n) {
        chunk.n = test->result_limit - run->text.n;
        rc = TENON_FAILED;
    }
    tenon_test_add(&run->text, chunk);
    pthread_mutex_unlock(&test->mutex);
    return rc;
}

static inline void tenon_test_cancel_run(tenon_test_run *run) { /* with the mutex */
    if (run->cancelled) return;
    run->cancelled = 1;
    eventfd_write(run->call.cancel_fd, 1);
}

static inline void tenon_test_on_progress(const tenon_call *call, tenon_str note) {
    tenon_test_run *const run = tenon_test_running(call);
    pthread_mutex_lock(&run->test->mutex);
    tenon_test_add(&run->progress, note);
    tenon_test_add(&run->progress, tenon_test_str("\n"));
    if (++run->progress_count == run->cancel_after) tenon_test_cancel_run(run);
    pthread_mutex_unlock(&run->test->mutex);
}

static inline int32_t tenon_test_on_cancelled(const tenon_call *call) {
    tenon_test_run *const run = tenon_test_running(call);
    int32_t cancelled;
    pthread_mutex_lock(&run->test->mutex);
    cancelled = run->cancelled;
    pthread_mutex_unlock(&run->test->mutex);
    return cancelled;
}

/* -- folders -- */

static inline void tenon_test_remove(const char *path) {
    DIR *const folder = opendir(path);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        tenon_test_text name = {NULL, 0, 0};
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        tenon_test_set(&name, path);
        tenon_test_add(&name, tenon_test_str("/"));
        tenon_test_add(&name, tenon_test_str(entry->d_name));
        if (lstat(name.p, &info) == 0 && S_ISDIR(info.st_mode)) {
            tenon_test_remove(name.p);
        } else {
            unlink(name.p);
        }
        free(name.p);
    }
    if (folder != NULL) closedir(folder);
    rmdir(path);
}

static inline void tenon_test_folder(tenon_test_text *path, const tenon_test *test,
                                     const char *name) {
    tenon_test_set(path, test->folder.p);
    tenon_test_add(path, tenon_test_str(name));
    if (mkdir(path->p, 0700) == 0) return;
    perror(path->p);
    abort();
}

/* -- a host -- */

static inline tenon_test *tenon_test_new(void) {
    tenon_test *const test = (tenon_test *)tenon_test_memory(NULL, sizeof(tenon_test));
    const char *const temporary = getenv("TMPDIR");
    memset(test, 0, sizeof *test);
    pthread_mutex_init(&test->mutex, NULL);
    tenon_test_set(&test->folder, temporary != NULL && temporary[0] == '/' ? temporary : "/tmp");
    tenon_test_add(&test->folder, tenon_test_str("/tenon-plugin-test-XXXXXX"));
    if (mkdtemp(test->folder.p) == NULL) {
        perror(test->folder.p);
        abort();
    }
    tenon_test_folder(&test->workspace, test, "/workspace");
    tenon_test_folder(&test->state_dir, test, "/state");
    tenon_test_set(&test->plugin_dir, test->folder.p);
    tenon_test_set(&test->error, "");
    tenon_test_set(&test->log, "");
    tenon_test_set(&test->requests, "");
    test->cancel_after = -1;
    test->result_limit = SIZE_MAX;
    test->host.size = sizeof(tenon_host);
    test->host.abi_major = TENON_ABI_MAJOR;
    test->host.abi_minor = TENON_ABI_MINOR;
    test->host.version = tenon_test_str("0.0.0-test");
    test->host.log = tenon_test_on_log;
    test->host.request = tenon_test_on_request;
    test->host.extension = tenon_test_on_extension;
    return test;
}

static inline void tenon_test_close(tenon_test *test) {
    if (test->created) test->plugin->destroy(test->self);
    test->created = 0;
    test->plugin = NULL;
    test->tool_count = 0;
}

static inline void tenon_test_free_replies(tenon_test_reply *reply) {
    while (reply != NULL) {
        tenon_test_reply *const next = reply->next;
        free(reply->method);
        free(reply->text);
        free(reply);
        reply = next;
    }
}

static inline void tenon_test_free(tenon_test *test) {
    tenon_test_text *const texts[] = {&test->folder,     &test->workspace, &test->state_dir,
                                      &test->plugin_dir, &test->error,     &test->log,
                                      &test->requests,   &test->config};
    size_t i;
    tenon_test_close(test);
    tenon_test_remove(test->folder.p);
    while (test->runs != NULL) {
        tenon_test_run *const run = test->runs;
        test->runs = run->next;
        close(run->call.cancel_fd);
        free(run->tool.p);
        free(run->args.p);
        free(run->text.p);
        free(run->progress.p);
        free(run);
    }
    tenon_test_free_replies(test->replies);
    tenon_test_free_replies(test->hook_texts);
    for (i = 0; i < sizeof texts / sizeof texts[0]; ++i)
        free(texts[i]->p);
    pthread_mutex_destroy(&test->mutex);
    free(test);
}

static inline int tenon_test_end(tenon_test *test) {
    const int failed = test->failed;
    tenon_test_free(test);
    return failed ? 1 : 0;
}

static inline const char *tenon_test_workspace(const tenon_test *test) {
    return test->workspace.p;
}
static inline const char *tenon_test_state_dir(const tenon_test *test) {
    return test->state_dir.p;
}
static inline const char *tenon_test_error(const tenon_test *test) {
    return test->error.p;
}

/* -- an instance -- */

static inline int tenon_test_fail(tenon_test *test, const char *why, const char *what) {
    tenon_test_set(&test->error, why);
    tenon_test_add(&test->error, tenon_test_str(what));
    return 0;
}

/* [a-z][a-z0-9_]{0,longest-1}, and '-' where `dash` is set. */
static inline int tenon_test_is_name(tenon_str name, size_t longest, int dash) {
    size_t i;
    if (name.n == 0 || name.n > longest || name.p[0] < 'a' || name.p[0] > 'z') return 0;
    for (i = 0; i < name.n; ++i) {
        const char c = name.p[i];
        const int fine =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (dash && c == '-');
        if (!fine) return 0;
    }
    return 1;
}

static inline int tenon_test_read_tools(tenon_test *test) {
    uint32_t i, j;
    test->tools = NULL;
    test->tool_count = 0;
    if (test->plugin->tools(test->self, &test->tools, &test->tool_count) != TENON_OK)
        return tenon_test_fail(test, "the plugin could not list its tools", "");
    if (test->tool_count > 0 && test->tools == NULL)
        return tenon_test_fail(test, "the list of tools is null", "");
    for (i = 0; i < test->tool_count; ++i) {
        const tenon_tool *const tool = test->tools[i];
        if (tool == NULL || !TENON_HAS(tool, input_schema))
            return tenon_test_fail(test, "a tool is null or incomplete: is its size set?", "");
        if (!tenon_test_is_name(tool->name, 64, 0))
            return tenon_test_fail(test, "the name of a tool is not [a-z][a-z0-9_]{0,63}", "");
        for (j = 0; j < i; ++j)
            if (test->tools[j]->name.n == tool->name.n &&
                memcmp(test->tools[j]->name.p, tool->name.p, tool->name.n) == 0)
                return tenon_test_fail(test, "two tools have the same name", "");
    }
    return 1;
}

static inline int tenon_test_start(tenon_test *test, const tenon_plugin *plugin,
                                   const char *config) {
    tenon_test_text why = {NULL, 0, 0};
    int created;
    if (plugin == NULL || !TENON_HAS(plugin, abi_minor))
        return tenon_test_fail(test, "tenon_plugin_v1 returned no plugin: is its size set?", "");
    if (plugin->abi_major != TENON_ABI_MAJOR || plugin->abi_minor < 1)
        return tenon_test_fail(test, "the plugin is built for another ABI", "");
    if (!TENON_HAS(plugin, invoke) || plugin->create == NULL || plugin->destroy == NULL ||
        plugin->tools == NULL || plugin->invoke == NULL)
        return tenon_test_fail(test, "the tenon_plugin is too short, or a function is missing", "");
    if (!tenon_test_is_name(plugin->id, 32, 1))
        return tenon_test_fail(test, "the id is not [a-z][a-z0-9_-]{0,31}", "");
    test->host.workspace = tenon_test_str(test->workspace.p);
    test->host.state_dir = tenon_test_str(test->state_dir.p);
    test->host.plugin_dir = tenon_test_str(test->plugin_dir.p);
    test->plugin = plugin;
    tenon_test_set(&test->config, config);
    tenon_test_set(&why, "");
    created = plugin->create(&test->host, tenon_test_str(test->config.p), &test->self,
                             tenon_test_sink(&why)) == TENON_OK;
    if (!created) tenon_test_fail(test, "the plugin does not start: ", why.p);
    free(why.p);
    if (!created) return 0;
    test->created = 1;
    test->changed_tools = 0;
    return tenon_test_read_tools(test);
}

static inline int tenon_test_use(tenon_test *test, const tenon_plugin *plugin, const char *config) {
    tenon_test_close(test);
    tenon_test_set(&test->error, "");
    if (tenon_test_start(test, plugin, config)) return 1;
    tenon_test_close(test);
    test->failed = 1;
    fprintf(stderr, "%s\n", test->error.p);
    return 0;
}

static inline int tenon_test_open(tenon_test *test, const char *file, const char *config) {
    const tenon_plugin *(*entry)(void) = NULL;
    tenon_test_text path = {NULL, 0, 0};
    void *library, *symbol;
    char *slash;
    /* A name without a slash would be searched among the system's libraries. */
    tenon_test_set(&path, strchr(file, '/') == NULL ? "./" : "");
    tenon_test_add(&path, tenon_test_str(file));
    library = dlopen(path.p, RTLD_NOW | RTLD_LOCAL);
    symbol = library == NULL ? NULL : dlsym(library, "tenon_plugin_v1");
    slash = strrchr(path.p, '/');
    *(slash == path.p ? slash + 1 : slash) = '\0';
    tenon_test_set(&test->plugin_dir, path.p);
    free(path.p);
    if (symbol == NULL) {
        tenon_test_fail(test,
                        library == NULL ? "" : "does not export tenon_plugin_v1: ", dlerror());
        test->failed = 1;
        fprintf(stderr, "%s\n", test->error.p);
        return 0;
    }
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no conversion of one to the other */
    return tenon_test_use(test, entry(), config);
}

/* Reads the list again where the plugin has asked for that. */
static inline void tenon_test_refresh(tenon_test *test) {
    tenon_test_run *run;
    int again;
    pthread_mutex_lock(&test->mutex);
    again = test->created && test->changed_tools;
    for (run = test->runs; run != NULL; run = run->next)
        if (!run->returned) again = 0;
    if (again) test->changed_tools = 0;
    pthread_mutex_unlock(&test->mutex);
    if (!again || tenon_test_read_tools(test)) return;
    test->failed = 1;
    fprintf(stderr, "%s\n", test->error.p);
}

static inline const tenon_tool *tenon_test_tool(tenon_test *test, const char *name) {
    uint32_t i;
    tenon_test_refresh(test);
    for (i = 0; i < test->tool_count; ++i)
        if (tenon_test_equal(test->tools[i]->name, name)) return test->tools[i];
    return NULL;
}

static inline tenon_test_run *tenon_test_begin(tenon_test *test, const char *tool,
                                               const char *args) {
    tenon_test_run *const run = (tenon_test_run *)tenon_test_memory(NULL, sizeof(tenon_test_run));
    struct timespec now;
    memset(run, 0, sizeof *run);
    tenon_test_set(&run->tool, tool);
    tenon_test_set(&run->args, args);
    tenon_test_set(&run->text, "");
    tenon_test_set(&run->progress, "");
    run->test = test;
    run->call.size = sizeof(tenon_call);
    run->call.cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (run->call.cancel_fd < 0) {
        perror("eventfd");
        abort();
    }
    run->call.tool = tenon_test_str(run->tool.p);
    run->call.args = tenon_test_str(run->args.p);
    run->call.write = tenon_test_on_write;
    run->call.progress = tenon_test_on_progress;
    run->call.cancelled = tenon_test_on_cancelled;
    clock_gettime(CLOCK_MONOTONIC, &now);
    pthread_mutex_lock(&test->mutex);
    run->call.id = ++test->last_id;
    if (test->time_limit_ms > 0)
        run->call.deadline_ns = (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec +
                                (uint64_t)test->time_limit_ms * 1000000U;
    run->cancel_after = test->cancel_after;
    if (run->cancel_after == 0) tenon_test_cancel_run(run);
    run->next = test->runs;
    test->runs = run;
    pthread_mutex_unlock(&test->mutex);
    return run;
}

static inline tenon_test_result tenon_test_call(tenon_test *test, const char *tool,
                                                const char *args) {
    const int known = tenon_test_tool(test, tool) != NULL;
    tenon_test_run *const run = tenon_test_begin(test, tool, args);
    tenon_test_result result;
    if (known) {
        result.rc = test->plugin->invoke(test->self, &run->call);
        if (result.rc < TENON_OK || result.rc > TENON_FAULT) result.rc = TENON_FAULT;
    } else {
        tenon_test_set(&run->text, "the plugin has no tool ");
        tenon_test_add(&run->text, tenon_test_str(tool));
        result.rc = TENON_BAD_ARGS;
    }
    pthread_mutex_lock(&test->mutex);
    run->returned = 1;
    result.text = run->text.p;
    result.size = run->text.n;
    result.progress = run->progress.p;
    pthread_mutex_unlock(&test->mutex);
    return result;
}

static inline tenon_test_reply *tenon_test_keep(tenon_test_reply **list, const char *method,
                                                tenon_rc rc, const char *text) {
    tenon_test_reply *const reply =
        (tenon_test_reply *)tenon_test_memory(NULL, sizeof(tenon_test_reply));
    tenon_test_text name = {NULL, 0, 0}, copy = {NULL, 0, 0};
    tenon_test_set(&name, method);
    tenon_test_set(&copy, text);
    reply->method = name.p;
    reply->text = copy.p;
    reply->rc = rc;
    reply->next = *list; /* in front: an older answer may be in use by another thread */
    *list = reply;
    return reply;
}

static inline const char *tenon_test_hook(tenon_test *test, const char *hook, const char *input) {
    const tenon_plugin *const plugin = test->plugin;
    const tenon_context *context = NULL;
    tenon_test_text text = {NULL, 0, 0};
    const char *kept;
    if (!test->created) return "";
    if (TENON_HAS(plugin, extension) && plugin->extension != NULL)
        context = (const tenon_context *)plugin->extension(test->self, TENON_CONTEXT);
    if (context == NULL) return "";
    if (strcmp(hook, "begin") == 0) {
        if (TENON_HAS(context, begin) && context->begin != NULL)
            context->begin(test->self, tenon_test_str(input));
        return "";
    }
    tenon_test_set(&text, "");
#define TENON_TEST_HOOK(name)                                                          \
    if (strcmp(hook, #name) == 0 && TENON_HAS(context, name) && context->name != NULL) \
    context->name(test->self, tenon_test_sink(&text))
    TENON_TEST_HOOK(system_prompt);
    TENON_TEST_HOOK(remind);
    TENON_TEST_HOOK(carry);
    TENON_TEST_HOOK(tasks);
#undef TENON_TEST_HOOK
    kept = tenon_test_keep(&test->hook_texts, hook, TENON_OK, text.p)->text;
    free(text.p);
    return kept;
}

static inline tenon_rc tenon_test_reconfigure(tenon_test *test, const char *config) {
    tenon_rc rc;
    tenon_test_set(&test->error, "");
    if (!test->created || !TENON_HAS(test->plugin, reconfigure) ||
        test->plugin->reconfigure == NULL)
        return TENON_UNSUPPORTED;
    rc = test->plugin->reconfigure(test->self, tenon_test_str(config),
                                   tenon_test_sink(&test->error));
    return rc < TENON_OK || rc > TENON_FAULT ? TENON_FAULT : rc;
}

/* -- requests -- */

static inline void tenon_test_answer(tenon_test *test, const char *method, tenon_rc rc,
                                     const char *text) {
    pthread_mutex_lock(&test->mutex);
    tenon_test_keep(&test->replies, method, rc, text);
    pthread_mutex_unlock(&test->mutex);
}

static inline void tenon_test_respond(tenon_test *test, tenon_test_responder responder,
                                      void *context) {
    pthread_mutex_lock(&test->mutex);
    test->responder = responder;
    test->responder_context = context;
    pthread_mutex_unlock(&test->mutex);
}

static inline void tenon_test_serve_files(tenon_test *test) {
    test->serves_files = 1;
}

static inline const char *tenon_test_requests(tenon_test *test) {
    return test->requests.p;
}
static inline const char *tenon_test_log(tenon_test *test) {
    return test->log.p;
}

/* -- settings of calls -- */

static inline void tenon_test_cancel(tenon_test *test) {
    tenon_test_run *run;
    pthread_mutex_lock(&test->mutex);
    for (run = test->runs; run != NULL; run = run->next)
        if (!run->returned) tenon_test_cancel_run(run);
    pthread_mutex_unlock(&test->mutex);
}

static inline void tenon_test_cancel_after(tenon_test *test, long count) {
    test->cancel_after = count;
}

static inline void tenon_test_time_limit(tenon_test *test, uint32_t milliseconds) {
    test->time_limit_ms = milliseconds;
}

static inline void tenon_test_result_limit(tenon_test *test, size_t bytes) {
    test->result_limit = bytes;
}

/* -- expectations -- */

static inline int tenon_test_expect(tenon_test *test, int holds, const char *file, int line,
                                    const char *what) {
    if (holds) return 1;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    test->failed = 1;
    return 0;
}

static inline int tenon_test_expect_text(tenon_test *test, const char *found, const char *expected,
                                         const char *file, int line) {
    if (strcmp(found, expected) == 0) return 1;
    fprintf(stderr, "%s:%d: found    %s\n%s:%d: expected %s\n", file, line, found, file, line,
            expected);
    test->failed = 1;
    return 0;
}

#ifdef __cplusplus
}
#endif

#endif
