/* Calls the plugin as the host does. Build and run: see README.md. */
#include <tenon/testing.h>

int main(void) {
    tenon_test *test = tenon_test_new();
    tenon_test_result result;
    if (!tenon_test_open(test, TENON_PLUGIN_FILE, "{}")) return tenon_test_end(test);

    result = tenon_test_call(test, "my_plugin", "{\"text\":\"ha\"}");
    TENON_EXPECT(test, result.rc == TENON_OK);
    TENON_EXPECT_TEXT(test, result.text, "ha ha");

    result = tenon_test_call(test, "my_plugin", "{\"text\":\"ha\",\"times\":3}");
    TENON_EXPECT_TEXT(test, result.text, "ha ha ha");

    result = tenon_test_call(test, "my_plugin", "{\"text\":\"\"}");
    TENON_EXPECT(test, result.rc == TENON_FAILED);
    TENON_EXPECT(test, strstr(result.text, "is empty") != NULL);

    return tenon_test_end(test);
}
