/* A plugin in C that reads and writes files through the host, and its test. Compiled and run by
 * testing_test.cpp. */
#include <tenon/testing.h>

#define STR(literal) \
    { literal, sizeof(literal) - 1 }

static const tenon_host *used_host;

static tenon_rc create(const tenon_host *host, tenon_str config, void **self, tenon_sink error) {
    (void)config;
    (void)error;
    used_host = host;
    *self = NULL;
    return TENON_OK;
}

static void destroy(void *self) {
    (void)self;
}

static const tenon_tool copy_tool = {sizeof(tenon_tool), 0,         STR("copy"),
                                     STR("Copies."),     STR("{}"), {NULL, 0}};
static const tenon_tool *const all_tools[] = {&copy_tool};

static tenon_rc tools(void *self, const tenon_tool *const **list, uint32_t *count) {
    (void)self;
    *list = all_tools;
    *count = 1;
    return TENON_OK;
}

/* What a request has answered. */
struct answer {
    char text[1024];
    size_t n;
};

static void put_answer(void *to, tenon_str chunk) {
    struct answer *const answer = to;
    if (chunk.n > sizeof answer->text - answer->n) return;
    memcpy(answer->text + answer->n, chunk.p, chunk.n);
    answer->n += chunk.n;
}

/* Opens a file through the host. Negative: the host's explanation is in the result. */
static int open_file(const tenon_call *call, const char *params) {
    struct answer answer = {{0}, 0};
    const tenon_sink out = {&answer, put_answer};
    const tenon_str method = STR("path.open/1"), body = {NULL, 0};
    int64_t fd = -1;
    const tenon_rc rc = used_host->request(used_host, call, method, tenon_text(params), body, out);
    const tenon_str text = {answer.text, answer.n};
    if (rc != TENON_OK || !tenon_json_integer(tenon_json_member(text, "fd"), &fd))
        call->write(call, text);
    return (int)fd;
}

/* Copies a.txt to b.txt; fails afterwards where the argument `fail` is true. */
static tenon_rc invoke(void *self, const tenon_call *call) {
    const int from = open_file(call, "{\"path\":\"a.txt\",\"access\":\"read\"}");
    const int to = open_file(call, "{\"path\":\"b.txt\",\"access\":\"write\"}");
    char bytes[256];
    int fails = 0;
    ssize_t n;
    (void)self;
    if (from < 0 || to < 0) return TENON_FAILED;
    n = read(from, bytes, sizeof bytes);
    if (n < 0 || write(to, bytes, (size_t)n) != n) return TENON_FAULT;
    close(from);
    close(to);
    tenon_json_boolean(tenon_json_member(call->args, "fail"), &fails);
    return fails ? TENON_FAILED : TENON_OK;
}

static const tenon_plugin plugin = {
    sizeof(tenon_plugin),
    TENON_ABI_MAJOR,
    TENON_ABI_MINOR,
    STR("copier"),
    STR("1"),
    {NULL, 0},
    create,
    destroy,
    tools,
    invoke,
    NULL,
    NULL,
};

int main(void) {
    tenon_test *const test = tenon_test_new();
    tenon_test_use(test, &plugin, "{}");
    TENON_EXPECT(test, tenon_test_call(test, "copy", "{}").rc == TENON_FAILED);

    tenon_test_serve_files(test);
    tenon_test_put_file(test, "a.txt", "content");
    TENON_EXPECT(test, tenon_test_call(test, "copy", "{\"fail\":true}").rc == TENON_FAILED);
    TENON_EXPECT(test, tenon_test_file(test, "b.txt") == NULL);
    TENON_EXPECT(test, tenon_test_call(test, "copy", "{}").rc == TENON_OK);
    TENON_EXPECT_TEXT(test, tenon_test_file(test, "b.txt"), "content");
    return tenon_test_end(test);
}
