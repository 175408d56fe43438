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

/* "path: why", as errno has it. */
static inline tenon_rc tenon_test_say_errno(tenon_sink out, const char *path) {
    const char *const why = strerror(errno);
    out.put(out.ctx, tenon_test_str(path));
    return tenon_test_say(out, TENON_FAILED, ": ", why);
}

/* Whether an absolute path is that of the workspace, or beneath it, as it is written. */
static inline int tenon_test_is_inside(const tenon_test *test, const char *path) {
    const size_t n = test->workspace.n;
    return strncmp(path, test->workspace.p, n) == 0 && (path[n] == '/' || path[n] == '\0') &&
           strstr(path, "/..") == NULL;
}

/* The absolute path of one that may be relative to the workspace. */
static inline tenon_test_text tenon_test_full_path(const tenon_test *test, const char *path) {
    tenon_test_text full = {NULL, 0, 0};
    tenon_test_set(&full, path[0] == '/' ? "" : test->workspace.p);
    tenon_test_add(&full, tenon_test_str(path[0] == '/' ? "" : "/"));
    tenon_test_add(&full, tenon_test_str(path));
    return full;
}

/* What changes when a file is replaced or written. */
static inline void tenon_test_version(char *to, size_t size, const struct stat *info) {
    snprintf(to, size, "%llx-%llx-%llx-%llx.%lx", (unsigned long long)info->st_dev,
             (unsigned long long)info->st_ino, (unsigned long long)info->st_size,
             (unsigned long long)info->st_mtim.tv_sec, (unsigned long)info->st_mtim.tv_nsec);
}

/* The answer of path.open/1. `version` may be NULL. */
static inline tenon_rc tenon_test_answer_opened(tenon_sink out, int fd, const char *path,
                                                const char *shown, const char *version) {
    char number[32];
    snprintf(number, sizeof number, "{\"fd\":%d,\"path\":", fd);
    out.put(out.ctx, tenon_test_str(number));
    tenon_json_quote(tenon_test_str(path), out);
    out.put(out.ctx, tenon_test_str(",\"shown\":"));
    tenon_json_quote(tenon_test_str(shown), out);
    if (version != NULL) {
        out.put(out.ctx, tenon_test_str(",\"version\":"));
        tenon_json_quote(tenon_test_str(version), out);
    }
    out.put(out.ctx, tenon_test_str("}"));
    return TENON_OK;
}

static inline tenon_rc tenon_test_open_to_read(const char *full, const char *path, int is_folder,
                                               tenon_sink out) {
    char version[TENON_TEST_VERSION_SIZE];
    struct stat info;
    const int fd = open(full, O_RDONLY | O_CLOEXEC | (is_folder ? O_DIRECTORY : 0));
    if (fd < 0) return tenon_test_say_errno(out, path);
    fstat(fd, &info);
    tenon_test_version(version, sizeof version, &info);
    return tenon_test_answer_opened(out, fd, full, path, S_ISREG(info.st_mode) ? version : NULL);
}

static inline tenon_rc tenon_test_open_to_write(tenon_test_run *run, const char *full,
                                                const char *path, tenon_str replaces,
                                                tenon_sink out);

/* path.open/1 for files of the workspace. `run` is the call that asks, or NULL. */
static inline tenon_rc tenon_test_open_file(const tenon_test *test, tenon_test_run *run,
                                            const char *params, tenon_sink out) {
    const tenon_str given = tenon_test_str(params);
    const tenon_str access = tenon_json_member(given, "access");
    const tenon_str replaces = tenon_json_member(given, "replaces");
    const int reads = tenon_json_equals(access, "read"),
              writes = tenon_json_equals(access, "write"),
              is_folder = tenon_json_equals(access, "folder");
    tenon_test_text full;
    char path[4096];
    tenon_rc rc;
    if (!tenon_json_string(tenon_json_member(given, "path"), path, sizeof path, NULL))
        return tenon_test_say(out, TENON_BAD_ARGS, "path is missing", "");
    if (!reads && !is_folder && !writes)
        return tenon_test_say(out, TENON_BAD_ARGS, "access must be read, folder or write", "");
    if (!writes && tenon_json_kind(replaces) == '"')
        return tenon_test_say(out, TENON_BAD_ARGS, "replaces goes with the access write", "");
    full = tenon_test_full_path(test, path);
    if (!tenon_test_is_inside(test, full.p)) {
        rc = tenon_test_say(out, TENON_FAILED, path, " is outside the workspace");
    } else if (writes) {
        rc = tenon_test_open_to_write(run, full.p, path, replaces, out);
    } else {
        rc = tenon_test_open_to_read(full.p, path, is_folder, out);
    }
    free(full.p);
    return rc;
}

static inline void tenon_test_serve_files(tenon_test *test) {
    test->serves_files = 1;
}

#endif
