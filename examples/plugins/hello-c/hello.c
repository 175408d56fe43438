/* The smallest plugin in C: one tool, which greets somebody. */
#include <stdlib.h>

#include <tenon/json.h>
#include <tenon/plugin.h>

#define STR(literal) \
    { literal, sizeof(literal) - 1 }

TENON_PLUGIN_NOTE("hello-c");

static const tenon_tool hello = {
    sizeof(tenon_tool),
    TENON_READ_ONLY | TENON_IDEMPOTENT | TENON_CLOSED_WORLD | TENON_CONCURRENT,
    STR("hello_c"),
    STR("Greets somebody by name."),
    STR("{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}},\"required\":["
        "\"name\"],"
        "\"additionalProperties\":false}"),
    STR("{\"subject\":\"{name:first}\"}"),
};
static const tenon_tool *const all_tools[] = {&hello};

static tenon_rc create(const tenon_host *host, tenon_str config, void **self, tenon_sink error) {
    (void)host;
    (void)config;
    (void)error;
    *self = NULL;
    return TENON_OK;
}

static void destroy(void *self) {
    (void)self;
}

static tenon_rc tools(void *self, const tenon_tool *const **list, uint32_t *count) {
    (void)self;
    *list = all_tools;
    *count = 1;
    return TENON_OK;
}

static tenon_rc invoke(void *self, const tenon_call *call) {
    const tenon_str quoted = tenon_json_member(call->args, "name");
    char *const name = malloc(quoted.n + 1); /* a text is never longer than its JSON */
    size_t length;
    (void)self;
    if (name == NULL) return TENON_FAULT;
    tenon_json_string(quoted, name, quoted.n + 1, &length);
    call->write(call, (tenon_str)STR("Hello, "));
    call->write(call, (tenon_str){name, length});
    call->write(call, (tenon_str)STR("!"));
    free(name);
    return TENON_OK;
}

static const tenon_plugin plugin = {
    sizeof(tenon_plugin),
    TENON_ABI_MAJOR,
    TENON_ABI_MINOR,
    STR("hello-c"),
    STR("1.0.0"),
    STR("{\"type\":\"object\",\"additionalProperties\":false}"),
    create,
    destroy,
    tools,
    invoke,
    NULL,
    NULL,
};

const tenon_plugin *tenon_plugin_v1(void) {
    return &plugin;
}
