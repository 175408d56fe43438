/* SPDX-License-Identifier: Apache-2.0
 *
 * A part of tenon/testing.h, which includes it. Files that a call writes: each is a file of the
 * host until the call returns TENON_OK, and then replaces the one in the workspace. */
#ifndef TENON_TESTING_H
#error "include <tenon/testing.h> instead"
#endif
#ifndef TENON_TESTING_WRITES_H
#define TENON_TESTING_WRITES_H

/* A call may open so many files for writing, as in a host. */
#define TENON_TEST_MOST_WRITES 64

/* Makes the directories above a file; those that are there stay. */
static inline void tenon_test_make_directories(const char *full) {
    tenon_test_text path = {NULL, 0, 0};
    char *slash;
    tenon_test_set(&path, full);
    for (slash = strchr(path.p + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path.p, 0777);
        *slash = '/';
    }
    free(path.p);
}

/* Looks at the file that is to be replaced; symbolic links are followed. `write->version` is empty
 * where there is none. 0: `write->path` can be replaced by no file, and `out` has got the reason.
 */
static inline int tenon_test_look_at_target(tenon_test_write *write, const char *shown,
                                            tenon_sink out) {
    char link[64], real[4096];
    struct stat info;
    ssize_t n;
    /* A FIFO would wait without O_NONBLOCK. */
    const int fd = open(write->path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) return 1;
    if (fd < 0) {
        tenon_test_say_errno(out, shown);
        return 0;
    }
    fstat(fd, &info);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, real, sizeof real - 1);
    close(fd);
    if (!S_ISREG(info.st_mode)) {
        tenon_test_say(out, TENON_FAILED, shown,
                       S_ISDIR(info.st_mode) ? " is a directory, not a file."
                                             : " is not a regular file, and is left alone.");
        return 0;
    }
    if (n > 0) {
        real[n] = '\0';
        tenon_test_set(&write->path, real);
    }
    write->mode = info.st_mode & 07777U;
    tenon_test_version(write->version, sizeof write->version, &info);
    return 1;
}

static inline tenon_rc tenon_test_say_changed(tenon_sink out, const char *shown) {
    return tenon_test_say(out, TENON_FAILED, shown,
                          " was changed by somebody else meanwhile; read it again.");
}

static inline void tenon_test_drop_write(tenon_test_write *write) {
    if (write->temporary.n > 0) unlink(write->temporary.p);
    free(write->path.p);
    free(write->shown.p);
    free(write->temporary.p);
    free(write);
}

/* Adds a file to those of the call. 0: it has too many. */
static inline int tenon_test_add_write(tenon_test_run *run, tenon_test_write *write) {
    tenon_test_write **end = &run->writes;
    size_t count = 0;
    pthread_mutex_lock(&run->test->mutex);
    for (; *end != NULL; end = &(*end)->next)
        ++count;
    if (count < TENON_TEST_MOST_WRITES) *end = write;
    pthread_mutex_unlock(&run->test->mutex);
    return count < TENON_TEST_MOST_WRITES;
}

/* The empty file that the plugin gets, beside the workspace. -1: errno says why not. */
static inline int tenon_test_make_temporary(tenon_test *test, tenon_test_text *path) {
    char name[48];
    unsigned long long number;
    pthread_mutex_lock(&test->mutex);
    number = ++test->last_write;
    pthread_mutex_unlock(&test->mutex);
    snprintf(name, sizeof name, "/written-%llu", number);
    tenon_test_set(path, test->folder.p);
    tenon_test_add(path, tenon_test_str(name));
    return open(path->p, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

static inline tenon_rc tenon_test_open_to_write(tenon_test_run *run, const char *full,
                                                const char *path, tenon_str replaces,
                                                tenon_sink out) {
    tenon_test_write *write;
    int fd;
    if (run == NULL)
        return tenon_test_say(out, TENON_UNSUPPORTED,
                              "a file is written by a call; there is none under way", "");
    write = (tenon_test_write *)tenon_test_memory(NULL, sizeof *write);
    memset(write, 0, sizeof *write);
    tenon_test_set(&write->path, full);
    tenon_test_set(&write->shown, path);
    tenon_test_make_directories(full);
    if (!tenon_test_look_at_target(write, path, out)) {
        tenon_test_drop_write(write);
        return TENON_FAILED;
    }
    if (tenon_json_kind(replaces) == '"' && !tenon_json_equals(replaces, write->version)) {
        tenon_test_drop_write(write);
        return tenon_test_say_changed(out, path);
    }
    fd = tenon_test_make_temporary(run->test, &write->temporary);
    if (fd < 0) {
        tenon_test_say_errno(out, path);
        tenon_test_drop_write(write);
        return TENON_FAILED;
    }
    if (!tenon_test_add_write(run, write)) {
        close(fd);
        tenon_test_drop_write(write);
        return tenon_test_say(out, TENON_BUSY, "a call may open at most 64 files for writing", "");
    }
    return tenon_test_answer_opened(out, fd, write->path.p, path, write->version);
}

/* Whether the file to be replaced is still the one that was there when it was opened. */
static inline int tenon_test_is_unchanged(const tenon_test_write *write) {
    char version[TENON_TEST_VERSION_SIZE] = "";
    struct stat info;
    if (stat(write->path.p, &info) == 0) tenon_test_version(version, sizeof version, &info);
    return strcmp(version, write->version) == 0;
}

static inline tenon_rc tenon_test_put_writes(const tenon_test_run *run, tenon_sink out) {
    tenon_test_write *write;
    for (write = run->writes; write != NULL; write = write->next)
        if (!tenon_test_is_unchanged(write)) return tenon_test_say_changed(out, write->shown.p);
    for (write = run->writes; write != NULL; write = write->next) {
        if (write->version[0] != '\0') chmod(write->temporary.p, write->mode);
        if (rename(write->temporary.p, write->path.p) != 0)
            return tenon_test_say_errno(out, write->shown.p);
        write->temporary.n = 0;
    }
    return TENON_OK;
}

/* Ends the writing of a call that returns `rc`: puts its files in place, or discards them. Returns
 * the code of the call, whose text becomes the reason if a file cannot be put. */
static inline tenon_rc tenon_test_finish_writes(tenon_test_run *run, tenon_rc rc) {
    tenon_test_text why = {NULL, 0, 0};
    if (rc == TENON_OK) rc = tenon_test_put_writes(run, tenon_test_sink(&why));
    if (why.n > 0) tenon_test_set(&run->text, why.p);
    free(why.p);
    while (run->writes != NULL) {
        tenon_test_write *const write = run->writes;
        run->writes = write->next;
        tenon_test_drop_write(write);
    }
    return rc;
}

/* -- files of the test itself -- */

static inline void tenon_test_put_file(tenon_test *test, const char *path, const char *text) {
    tenon_test_text full = tenon_test_full_path(test, path);
    FILE *file;
    int failed;
    tenon_test_make_directories(full.p);
    file = fopen(full.p, "we");
    failed = file == NULL || fputs(text, file) < 0;
    if (file != NULL) failed = fclose(file) != 0 || failed;
    if (failed) {
        perror(full.p);
        abort();
    }
    free(full.p);
}

static inline const char *tenon_test_file(tenon_test *test, const char *path) {
    tenon_test_text full = tenon_test_full_path(test, path), text = {NULL, 0, 0};
    FILE *const file = fopen(full.p, "re");
    const char *kept = NULL;
    char bytes[4096];
    tenon_str chunk;
    tenon_test_set(&text, "");
    chunk.p = bytes;
    while (file != NULL && (chunk.n = fread(bytes, 1, sizeof bytes, file)) > 0)
        tenon_test_add(&text, chunk);
    if (file != NULL) {
        fclose(file);
        kept = tenon_test_keep(&test->kept_texts, path, TENON_OK, text.p)->text;
    }
    free(full.p);
    free(text.p);
    return kept;
}

#endif
