/* A plugin that uses all of ABI 1.1. frozen-x86_64.so was built from this file when that ABI was frozen, and is
 * never built again: see README.md. Whatever a later host does, it has to work as this file says. */
#include <tenon/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STR(literal) {literal, sizeof(literal) - 1}

TENON_PLUGIN_NOTE("frozen");
TENON_PLUGIN_NEEDS("{\"needs\":[],\"summary\":\"Needs nothing.\"}");

struct frozen {
    const tenon_host *host;
    char greeting[32];
    char session[128];
    uint32_t tool_count;
};

static tenon_str str(const char *text) {
    tenon_str out = {text, strlen(text)};
    return out;
}

/* The tools. `more` is only there after add_tool has been called. */
static const tenon_tool echo = {
    sizeof(tenon_tool), TENON_READ_ONLY | TENON_IDEMPOTENT | TENON_CLOSED_WORLD | TENON_CONCURRENT,
    STR("frozen_echo"), STR("Writes its arguments in two parts, and reports progress."),
    STR("{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}},\"required\":[\"text\"],"
        "\"additionalProperties\":false}"),
    STR("{\"subject\":\"{text}\",\"result\":\"line_count\"}")};
static const tenon_tool places = {sizeof(tenon_tool), TENON_READ_ONLY, STR("frozen_places"),
                                  STR("Writes what it knows of the host."), STR("{\"type\":\"object\"}"), STR("")};
static const tenon_tool request = {
    sizeof(tenon_tool), 0, STR("frozen_request"), STR("Stores a text by state.set/1 and writes it by state.get/1."),
    STR("{\"type\":\"object\"}"), STR("")};
static const tenon_tool fail = {sizeof(tenon_tool), 0, STR("frozen_fail"), STR("Returns the code of its first digit."),
                                STR("{\"type\":\"object\",\"properties\":{\"rc\":{\"type\":\"integer\"}}}"), STR("")};
static const tenon_tool cancelled = {sizeof(tenon_tool), TENON_LONG_RUNNING, STR("frozen_cancelled"),
                                     STR("Says whether it is cancelled."), STR("{\"type\":\"object\"}"), STR("")};
static const tenon_tool add_tool = {sizeof(tenon_tool), TENON_ADDITIVE, STR("frozen_add_tool"),
                                    STR("Adds the tool frozen_more."), STR("{\"type\":\"object\"}"), STR("")};
static const tenon_tool more = {sizeof(tenon_tool), 0, STR("frozen_more"), STR("Was added."),
                                STR("{\"type\":\"object\"}"), STR("")};
static const tenon_tool *const all_tools[] = {&echo, &places, &request, &fail, &cancelled, &add_tool, &more};

static void put_text(void *to, tenon_str chunk) { strncat(to, chunk.p, chunk.n < 200 ? chunk.n : 200); }

static tenon_rc create(const tenon_host *host, tenon_str config, void **self, tenon_sink error) {
    struct frozen *frozen = calloc(1, sizeof *frozen);
    if (frozen == NULL) return TENON_FAILED;
    if (config.n >= 2000) {
        error.put(error.ctx, str("the configuration is "));
        error.put(error.ctx, str("too long"));
        free(frozen);
        return TENON_FAILED;
    }
    frozen->host = host;
    frozen->tool_count = sizeof all_tools / sizeof all_tools[0] - 1;
    strcpy(frozen->greeting, "hello");
    host->log(host, TENON_LOG_INFO, str("frozen is created"));
    *self = frozen;
    return TENON_OK;
}

static void destroy(void *self) { free(self); }

static tenon_rc tools(void *self, const tenon_tool *const **list, uint32_t *count) {
    *list = all_tools;
    *count = ((struct frozen *)self)->tool_count;
    return TENON_OK;
}

static tenon_rc write_all(const tenon_call *call, const char *text) { return call->write(call, str(text)); }

static tenon_rc write_places(const struct frozen *frozen, const tenon_call *call) {
    const tenon_host *host = frozen->host;
    char text[64];
    snprintf(text, sizeof text, "abi %u.%u ", host->abi_major, host->abi_minor >= 1 ? 1U : 0U);
    write_all(call, text);
    call->write(call, host->workspace);
    write_all(call, host->version.n > 0 ? " version" : " no version");
    write_all(call, host->plugin_dir.n > 0 && host->plugin_dir.p[0] == '/' ? " plugin_dir" : " no plugin_dir");
    write_all(call, TENON_HAS(host, state_dir) ? " state_dir" : " no state_dir");
    write_all(call, host->extension(host, "tenon.unknown/1") == NULL ? " none" : " some");
    write_all(call, TENON_HAS(call, deadline_ns) && call->id > 0 ? " deadline" : " no deadline");
    return TENON_OK;
}

static tenon_rc ask(const struct frozen *frozen, const tenon_call *call) {
    const tenon_host *host = frozen->host;
    char answer[512] = "";
    tenon_sink sink = {answer, put_text};
    const tenon_str nothing = {NULL, 0};
    tenon_rc rc = host->request(host, call, str("state.set/1"), str("{\"key\":\"k\",\"value\":\"kept\"}"), nothing, sink);
    if (rc == TENON_OK) {
        answer[0] = '\0';
        rc = host->request(host, call, str("state.get/1"), str("{\"key\":\"k\"}"), nothing, sink);
    }
    write_all(call, answer);
    answer[0] = '\0';
    if (host->request(host, call, str("frozen.unknown/1"), str("{}"), nothing, sink) == TENON_UNSUPPORTED)
        write_all(call, " unsupported");
    return rc;
}

static tenon_rc invoke(void *self, const tenon_call *call) {
    struct frozen *frozen = self;
    const char *name = call->tool.p;
    const size_t length = call->tool.n;
#define IS(tool_) (length == tool_.name.n && memcmp(name, tool_.name.p, length) == 0)
    if (IS(echo)) {
        call->progress(call, str("half"));
        write_all(call, frozen->greeting);
        write_all(call, " ");
        call->write(call, call->args);
        return TENON_OK;
    }
    if (IS(places)) return write_places(frozen, call);
    if (IS(request)) return ask(frozen, call);
    if (IS(fail)) {
        const char *digit = memchr(call->args.p, ':', call->args.n);
        write_all(call, "as asked");
        return digit == NULL ? TENON_FAILED : digit[1] - '0';
    }
    if (IS(cancelled)) {
        write_all(call, call->cancelled(call) && call->cancel_fd >= 0 ? "cancelled" : "goes on");
        return call->cancelled(call) ? TENON_CANCELLED : TENON_OK;
    }
    if (IS(add_tool)) {
        char answer[512] = "";
        tenon_sink sink = {answer, put_text};
        const tenon_str nothing = {NULL, 0};
        frozen->tool_count = sizeof all_tools / sizeof all_tools[0];
        return frozen->host->request(frozen->host, call, str("tools.changed/1"), str("{}"), nothing, sink);
    }
    write_all(call, "was added");
    return IS(more) ? TENON_OK : TENON_FAULT;
}

static tenon_rc reconfigure(void *self, tenon_str config, tenon_sink error) {
    struct frozen *frozen = self;
    if (config.n > 2 && config.p[config.n - 2] == '"') {
        strcpy(frozen->greeting, "welcome");
        return TENON_OK;
    }
    error.put(error.ctx, str("no greeting"));
    return TENON_FAILED;
}

static void begin(void *self, tenon_str session) {
    struct frozen *frozen = self;
    frozen->session[0] = '\0';
    strncat(frozen->session, session.p, session.n < 120 ? session.n : 120);
}

static void system_prompt(void *self, tenon_sink out) {
    (void)self;
    out.put(out.ctx, str("prompt of "));
    out.put(out.ctx, str("frozen"));
}

static void remind(void *self, tenon_sink out) { out.put(out.ctx, str(((struct frozen *)self)->session)); }

static void carry(void *self, tenon_sink out) {
    (void)self;
    (void)out; /* nothing to add */
}

static void tasks(void *self, tenon_sink out) {
    (void)self;
    out.put(out.ctx, str("{\"tasks\":[],\"unusable\":[]}"));
}

static const tenon_context context = {sizeof(tenon_context), begin, system_prompt, remind, carry, tasks};

static const void *extension(void *self, const char *id) {
    (void)self;
    return strcmp(id, TENON_CONTEXT) == 0 ? &context : NULL;
}

static const tenon_plugin plugin = {
    sizeof(tenon_plugin), TENON_ABI_MAJOR, 1, STR("frozen"), STR("1.1"),
    STR("{\"type\":\"object\",\"properties\":{\"greeting\":{\"type\":\"string\"}},\"additionalProperties\":false}"),
    create, destroy, tools, invoke, reconfigure, extension};

const tenon_plugin *tenon_plugin_v1(void) { return &plugin; }
