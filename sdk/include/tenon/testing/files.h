/* SPDX-License-Identifier: Apache-2.0
 *
 * A part of tenon/testing.h, which includes it. Serves path.open/1 with files of the workspace. */
#ifndef TENON_TESTING_H
#error "include <tenon/testing.h> instead"
#endif
#ifndef TENON_TESTING_FILES_H
#define TENON_TESTING_FILES_H

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

static inline void tenon_test_serve_files(tenon_test *test) {
    test->serves_files = 1;
}

#endif
