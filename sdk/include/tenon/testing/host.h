/* SPDX-License-Identifier: Apache-2.0
 *
 * A part of tenon/testing.h, which includes it. Makes and frees a host with its folders. */
#ifndef TENON_TESTING_H
#error "include <tenon/testing.h> instead"
#endif
#ifndef TENON_TESTING_HOST_H
#define TENON_TESTING_HOST_H

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
    tenon_test_free_replies(test->kept_texts);
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

#endif
