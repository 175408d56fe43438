/* SPDX-License-Identifier: Apache-2.0
 *
 * A part of tenon/testing.h, which includes it. Loads a plugin, and uses its instance: tools,
 * hooks, configuration. */
#ifndef TENON_TESTING_H
#error "include <tenon/testing.h> instead"
#endif
#ifndef TENON_TESTING_INSTANCE_H
#define TENON_TESTING_INSTANCE_H

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
    kept = tenon_test_keep(&test->kept_texts, hook, TENON_OK, text.p)->text;
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

#endif
