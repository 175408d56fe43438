/* SPDX-License-Identifier: Apache-2.0
 *
 * A part of tenon/testing.h, which includes it. One call: what the plugin may use of it, and how
 * the test makes it. */
#ifndef TENON_TESTING_H
#error "include <tenon/testing.h> instead"
#endif
#ifndef TENON_TESTING_CALL_H
#define TENON_TESTING_CALL_H

/* The run of a call that has not returned. */
static inline tenon_test_run *tenon_test_running(const tenon_call *call) {
    tenon_test_run *const run = (tenon_test_run *)call;
    if (!run->returned) return run;
    fprintf(stderr, "the plugin used a call of %s after its invoke had returned\n", run->tool.p);
    abort();
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
        result.rc = tenon_test_finish_writes(run, result.rc);
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

#endif
