/* The plugin my-plugin of Tenon. It has one tool, my_plugin, which repeats a text: put your own in
 * its place. */
#include <stdlib.h>

#include <tenon/json.h>
#include <tenon/plugin.h>

#define STR(literal) \
    { literal, sizeof(literal) - 1 }

TENON_PLUGIN_NOTE("my-plugin"); /* the host reads it before it runs anything */

/* The host checks the arguments of each call against input_schema, so the tool gets what it asks
 * for. The flags state what the tool never does; with 0, the host assumes the worst. */
static const tenon_tool repeat = {
    sizeof(tenon_tool),
    TENON_READ_ONLY | TENON_IDEMPOTENT | TENON_CLOSED_WORLD | TENON_CONCURRENT,
    STR("my_plugin"),
    STR("Repeats a text."),
    STR("{\"type\": \"object\","
        " \"properties\": {"
        "   \"text\": {\"type\": \"string\", \"description\": \"What to repeat\"},"
        "   \"times\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 100,"
        "             \"description\": \"How often; default: 2\"}},"
        " \"required\": [\"text\"], \"additionalProperties\": false}"),
    STR("{\"subject\": \"{text:first}\"}"), /* see FACTS OF A TOOL in tenon/plugin.h */
};
static const tenon_tool *const all_tools[] = {&repeat};

static tenon_rc say(const tenon_call *call, const char *text, size_t length) {
    return call->write(call, (tenon_str){text, length});
}

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
    static const char empty[] = "The text is empty; pass one with at least one character.";
    const tenon_str quoted = tenon_json_member(call->args, "text");
    char *const text = malloc(quoted.n + 1); /* a text is never longer than its JSON */
    size_t length;
    int64_t times = 2, i;
    (void)self;
    if (text == NULL) return TENON_FAULT;
    tenon_json_string(quoted, text, quoted.n + 1, &length);
    /* Without a number, this leaves 2. */
    tenon_json_integer(tenon_json_member(call->args, "times"), &times);
    for (i = 0; i < times && length > 0; ++i) {
        if (i > 0) say(call, " ", 1);
        if (say(call, text, length) != TENON_OK) break; /* the result is full */
    }
    free(text);
    if (length > 0) return TENON_OK;
    say(call, empty, sizeof empty - 1); /* an answer for the model: say what to do */
    return TENON_FAILED;
}

static const tenon_plugin plugin = {
    sizeof(tenon_plugin),
    TENON_ABI_MAJOR,
    TENON_ABI_MINOR,
    STR("my-plugin"),
    STR("0.1.0"),
    STR("{\"type\": \"object\", \"additionalProperties\": false}"), /* it takes no configuration */
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
