/* A Tenon plugin in C11. Build it:
 *
 *     cc -std=c11 -fPIC -fvisibility=hidden -shared plugin.c -o my-plugin.so $(pkg-config --cflags tenon)
 *
 * Then `tenon plugin verify my-plugin.so`, and put it into ~/.local/share/tenon/plugins. */
#include <tenon/plugin.h>

#include <stdio.h>

#define STR(literal) {literal, sizeof(literal) - 1}

TENON_PLUGIN_NOTE("my-plugin");

static const tenon_tool count_bytes = {
    sizeof(tenon_tool),
    TENON_READ_ONLY | TENON_CONCURRENT,
    STR("count_bytes"),
    STR("Counts the bytes of its arguments as JSON text."),
    STR("{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}},"
        "\"required\":[\"text\"],\"additionalProperties\":false}"),
    STR("{\"subject\":\"{text}\"}"), /* see FACTS OF A TOOL in plugin.h */
};
static const tenon_tool *const all_tools[] = {&count_bytes};

static tenon_rc create(const tenon_host *host, tenon_str config, void **self, tenon_sink error) {
    (void)host;
    (void)config;
    (void)error;
    *self = NULL; /* no state */
    return TENON_OK;
}

static void destroy(void *self) {
    (void)self;
}

static tenon_rc tools(void *self, const tenon_tool *const **list, uint32_t *count) {
    (void)self;
    *list = all_tools;
    *count = sizeof all_tools / sizeof all_tools[0];
    return TENON_OK;
}

static tenon_rc invoke(void *self, const tenon_call *call) {
    char text[64];
    int length = snprintf(text, sizeof text, "%zu bytes", call->args.n);
    (void)self;
    if (length < 0) return TENON_FAULT;
    call->write(call, (tenon_str){text, (size_t)length});
    return TENON_OK;
}

static const tenon_plugin plugin = {
    sizeof(tenon_plugin), TENON_ABI_MAJOR, TENON_ABI_MINOR, STR("my-plugin"), STR("0.1.0"),
    STR(""), /* takes any configuration */
    create, destroy, tools, invoke, NULL, NULL,
};

const tenon_plugin *tenon_plugin_v1(void) {
    return &plugin;
}
