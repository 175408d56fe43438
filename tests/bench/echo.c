/* The smallest plugin: its tool answers with its arguments. The bench makes copies with other ids: the
 * two digits of the id and of the tool are replaced in the file. */
#include <tenon/plugin.h>

#define STR(literal) {literal, sizeof(literal) - 1}

TENON_PLUGIN_NOTE("bench-00");

static const tenon_tool tool = {sizeof(tenon_tool), TENON_READ_ONLY | TENON_CONCURRENT, STR("bench_tool_00"), STR("Answers with its arguments."), STR("{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}},\"additionalProperties\":false}"), STR("")};
static const tenon_tool *const all_tools[] = {&tool};

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
    (void)self;
    return call->write(call, call->args);
}

static const tenon_plugin plugin = {sizeof(tenon_plugin), TENON_ABI_MAJOR, TENON_ABI_MINOR, STR("bench-00"), STR("1"), STR(""), create, destroy, tools, invoke, NULL, NULL};

const tenon_plugin *tenon_plugin_v1(void) {
    return &plugin;
}
