/* Two functions that glibc has since 2.36, for the static libraries of the building machine that use them where glibc has
 * them: the packages run on glibc 2.34. Both are as arc4random(3) says: they cannot fail. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

__attribute__((visibility("hidden"))) void arc4random_buf(void *buffer, size_t size) {
    char *at = buffer;
    while (size > 0) {
        const ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) abort();
        at += got;
        size -= (size_t)got;
    }
}

__attribute__((visibility("hidden"))) uint32_t arc4random(void) {
    uint32_t value;
    arc4random_buf(&value, sizeof value);
    return value;
}
