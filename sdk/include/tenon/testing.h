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
/* Answers path.open/1 for files beneath the workspace, where nothing else answers it. Symbolic
 * links are followed, wherever they lead, and no rule forbids anything. With `access` write, the
 * file that the plugin has written replaces the one in the workspace when the call returns
 * TENON_OK, and is discarded otherwise. It is not replaced, and the call fails, where the test or
 * somebody else has changed it since. */
static inline void tenon_test_serve_files(tenon_test *test);
/* Writes a file of the workspace with the directories that it needs, for the plugin to read. `path`
 * is relative to the workspace. Ends the test where that fails. */
static inline void tenon_test_put_file(tenon_test *test, const char *path, const char *text);
/* The content of a file of the workspace, up to the first NUL; NULL if it cannot be read. */
static inline const char *tenon_test_file(tenon_test *test, const char *path);
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

/* How it is done: the parts, each of which uses those before it. Only this header is to be
 * included.
 */
/* clang-format off */
#include <tenon/testing/state.h>
#include <tenon/testing/files.h>
#include <tenon/testing/writes.h>
#include <tenon/testing/call.h>
#include <tenon/testing/requests.h>
#include <tenon/testing/host.h>
#include <tenon/testing/instance.h>
#include <tenon/testing/expect.h>
/* clang-format on */

#ifdef __cplusplus
}
#endif

#endif
