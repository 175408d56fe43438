/* SPDX-License-Identifier: Apache-2.0
 *
 * A part of tenon/testing.h, which includes it. The log and the requests of the plugin, and how the
 * test answers them. */
#ifndef TENON_TESTING_H
#error "include <tenon/testing.h> instead"
#endif
#ifndef TENON_TESTING_REQUESTS_H
#define TENON_TESTING_REQUESTS_H

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

static inline tenon_rc tenon_test_on_request(const tenon_host *host, const tenon_call *call,
                                             tenon_str method, tenon_str params, tenon_str body,
                                             tenon_sink out) {
    tenon_test *const test = tenon_test_of(host);
    tenon_test_run *const run = call == NULL ? NULL : tenon_test_running(call);
    tenon_test_reply *reply;
    tenon_test_responder responder;
    void *context;
    tenon_test_text name = {NULL, 0, 0}, parameters = {NULL, 0, 0};
    tenon_rc rc;
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
        rc = tenon_test_open_file(test, run, parameters.p, out);
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

static inline const char *tenon_test_requests(tenon_test *test) {
    return test->requests.p;
}
static inline const char *tenon_test_log(tenon_test *test) {
    return test->log.p;
}

#endif
