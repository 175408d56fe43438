/* SPDX-License-Identifier: Apache-2.0
 *
 * A part of tenon/testing.h, which includes it. What a host for tests keeps, and text that grows.
 */
#ifndef TENON_TESTING_H
#error "include <tenon/testing.h> instead"
#endif
#ifndef TENON_TESTING_STATE_H
#define TENON_TESTING_STATE_H

/* Text that grows; always ends with a NUL. */
typedef struct tenon_test_text {
    char *p;
    size_t n, room;
} tenon_test_text;

/* The answer to a method, or a text that was returned. */
typedef struct tenon_test_reply {
    struct tenon_test_reply *next;
    char *method, *text;
    tenon_rc rc;
} tenon_test_reply;

/* A text that changes when a file is replaced or written has so many bytes with its NUL. */
#define TENON_TEST_VERSION_SIZE 96

/* A file that a call writes. */
typedef struct tenon_test_write {
    struct tenon_test_write *next;
    tenon_test_text path, shown; /* what it replaces, and how the plugin names that */
    tenon_test_text temporary;   /* where it is until then; empty: it has been put in place */
    char version[TENON_TEST_VERSION_SIZE]; /* of what it replaces; empty: there is no file */
    mode_t mode;
} tenon_test_write;

/* One call. It is kept to the end of the test, to find uses after its return. */
typedef struct tenon_test_run {
    tenon_call call; /* first: a tenon_call is converted to its run */
    struct tenon_test_run *next;
    tenon_test *test;
    int returned, cancelled;
    long progress_count, cancel_after;
    tenon_test_write *writes; /* in the order in which they were opened */
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
    tenon_test_reply *kept_texts; /* what hooks have put, and files that were read */
    tenon_test_run *runs;
    uint64_t last_id, last_write;
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

#endif
