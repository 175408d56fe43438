/* SPDX-License-Identifier: Apache-2.0
 *
 * A part of tenon/testing.h, which includes it. Expectations. */
#ifndef TENON_TESTING_H
#error "include <tenon/testing.h> instead"
#endif
#ifndef TENON_TESTING_EXPECT_H
#define TENON_TESTING_EXPECT_H

static inline int tenon_test_expect(tenon_test *test, int holds, const char *file, int line,
                                    const char *what) {
    if (holds) return 1;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    test->failed = 1;
    return 0;
}

static inline int tenon_test_expect_text(tenon_test *test, const char *found, const char *expected,
                                         const char *file, int line) {
    if (strcmp(found, expected) == 0) return 1;
    fprintf(stderr, "%s:%d: found    %s\n%s:%d: expected %s\n", file, line, found, file, line,
            expected);
    test->failed = 1;
    return 0;
}

#endif
