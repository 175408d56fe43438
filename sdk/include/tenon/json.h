/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON that a plugin in C needs: reading the arguments of a call and the answers of the host, and
 * writing the parameters of a request. C11 and C++17, header-only. Nothing is allocated, nothing
 * recurses, and the locale does not matter.
 *
 * A value is a slice of the text that it was found in (tenon_str), so the text must outlive it. With
 * n == 0 there is no value.
 *
 *     tenon_str path = tenon_json_member(call->args, "path");
 *     char text[4096];
 *     size_t n;
 *     if (!tenon_json_string(path, text, sizeof text, &n)) return TENON_BAD_ARGS;
 *
 * The arguments of a call and the answers of the host are valid JSON. Other text may be used too: no
 * function reads outside its slice, whatever is in it, and what is no JSON is no value. Nesting may
 * have any depth. Of two members with one name the first is found. */
#ifndef TENON_JSON_H
#define TENON_JSON_H

#include <string.h>

#include <tenon/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A NUL-terminated text as a slice. */
static inline tenon_str tenon_text(const char *text) {
    tenon_str out;
    out.p = text;
    out.n = strlen(text);
    return out;
}

/* Internal: a slice of `n` bytes; the beginning of `text` without blanks; what one value takes. */
static inline tenon_str tenon_json_slice_(const char *p, size_t n) {
    tenon_str out;
    out.p = n == 0 ? NULL : p;
    out.n = n;
    return out;
}
static inline tenon_str tenon_json_skip_blanks_(tenon_str text) {
    while (text.n > 0 && (*text.p == ' ' || *text.p == '\t' || *text.p == '\n' || *text.p == '\r')) {
        ++text.p;
        --text.n;
    }
    return text;
}
/* The bytes of the string that `text` begins with, quotes included; 0 if it does not end. */
static inline size_t tenon_json_string_size_(tenon_str text) {
    size_t at;
    for (at = 1; at < text.n; ++at) {
        if (text.p[at] == '\\')
            ++at;
        else if (text.p[at] == '"')
            return at + 1;
    }
    return 0;
}
/* The bytes of the value that `text` begins with; 0 if there is none, or it does not end. */
static inline size_t tenon_json_value_size_(tenon_str text) {
    size_t at = 0;
    size_t depth = 0;
    if (text.n == 0) return 0;
    if (*text.p == '"') return tenon_json_string_size_(text);
    if (*text.p != '{' && *text.p != '[') {
        while (at < text.n && strchr(",:]}{[\" \t\n\r", text.p[at]) == NULL)
            ++at;
        return at;
    }
    while (at < text.n) {
        const char c = text.p[at];
        if (c == '"') {
            const size_t size = tenon_json_string_size_(tenon_json_slice_(text.p + at, text.n - at));
            if (size == 0) return 0;
            at += size;
            continue;
        }
        ++at;
        if (c == '{' || c == '[') ++depth;
        if ((c == '}' || c == ']') && --depth == 0) return at;
    }
    return 0;
}
/* Takes the value at the beginning of `rest`. */
static inline tenon_str tenon_json_take_value_(tenon_str *rest) {
    tenon_str value;
    *rest = tenon_json_skip_blanks_(*rest);
    value = tenon_json_slice_(rest->p, tenon_json_value_size_(*rest));
    rest->p += value.n;
    rest->n -= value.n;
    return value;
}
/* Takes `c` at the beginning of `rest`. */
static inline int tenon_json_take_(tenon_str *rest, char c) {
    *rest = tenon_json_skip_blanks_(*rest);
    if (rest->n == 0 || *rest->p != c) return 0;
    ++rest->p;
    --rest->n;
    return 1;
}

/* What a value is: '{' object, '[' array, '"' string, '0' number, 'b' boolean, 'n' null, or 0 when
 * there is no value. */
static inline char tenon_json_kind(tenon_str value) {
    value = tenon_json_skip_blanks_(value);
    if (value.n == 0) return 0;
    switch (*value.p) {
        case '{':
        case '[':
        case '"':
            return *value.p;
        case 't':
        case 'f':
            return 'b';
        case 'n':
            return 'n';
        default:
            return *value.p == '-' || (*value.p >= '0' && *value.p <= '9') ? '0' : (char)0;
    }
}

/* Goes through an array: `rest` is the array at first; 0 when there is no further element.
 *     for (tenon_str rest = array, one; tenon_json_next_element(&rest, &one);) ... */
static inline int tenon_json_next_element(tenon_str *rest, tenon_str *element) {
    if (!tenon_json_take_(rest, '[') && !tenon_json_take_(rest, ',')) return 0;
    *element = tenon_json_take_value_(rest);
    return element->n > 0;
}

/* Goes through an object in the same way. `key` is a JSON string. */
static inline int tenon_json_next_member(tenon_str *rest, tenon_str *key, tenon_str *value) {
    if (!tenon_json_take_(rest, '{') && !tenon_json_take_(rest, ',')) return 0;
    *key = tenon_json_take_value_(rest);
    if (tenon_json_kind(*key) != '"' || !tenon_json_take_(rest, ':')) return 0;
    *value = tenon_json_take_value_(rest);
    return value->n > 0;
}

/* Internal: the value of four hexadecimal digits, or -1. */
static inline int32_t tenon_json_hex4_(const char *p, size_t n) {
    int32_t unit = 0;
    size_t i;
    if (n < 4) return -1;
    for (i = 0; i < 4; ++i) {
        const char c = p[i];
        if (c >= '0' && c <= '9')
            unit = unit * 16 + (c - '0');
        else if (c >= 'a' && c <= 'f')
            unit = unit * 16 + (c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            unit = unit * 16 + (c - 'A' + 10);
        else
            return -1;
    }
    return unit;
}
/* Internal: takes one character from the inside of a string and puts its bytes into `out`. Returns how
 * many there are: 1 to 4, and 0 at the end. What JSON does not allow becomes U+FFFD: an unknown escape,
 * half of a surrogate pair. Bytes that are no escape pass as they are. */
static inline size_t tenon_json_decode_one_(tenon_str *rest, char out[4]) {
    uint32_t c = 0xFFFD;
    char next;
    if (rest->n == 0) return 0;
    out[0] = *rest->p++;
    --rest->n;
    if (out[0] != '\\') return 1;
    if (rest->n > 0) {
        next = *rest->p++;
        --rest->n;
        switch (next) {
            case '"':
            case '\\':
            case '/':
                c = (unsigned char)next;
                break;
            case 'b':
                c = '\b';
                break;
            case 'f':
                c = '\f';
                break;
            case 'n':
                c = '\n';
                break;
            case 'r':
                c = '\r';
                break;
            case 't':
                c = '\t';
                break;
            case 'u': {
                const int32_t unit = tenon_json_hex4_(rest->p, rest->n);
                if (unit < 0) break;
                rest->p += 4;
                rest->n -= 4;
                if (unit < 0xD800 || unit > 0xDFFF) c = (uint32_t)unit;
                if (unit >= 0xD800 && unit < 0xDC00 && rest->n >= 6 && rest->p[0] == '\\' &&
                    rest->p[1] == 'u') {
                    const int32_t low = tenon_json_hex4_(rest->p + 2, rest->n - 2);
                    if (low >= 0xDC00 && low < 0xE000) {
                        c = 0x10000U + (((uint32_t)unit - 0xD800U) << 10) + ((uint32_t)low - 0xDC00U);
                        rest->p += 6;
                        rest->n -= 6;
                    }
                }
                break;
            }
            default:
                break;
        }
    }
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | (c >> 12));
        out[1] = (char)(0x80 | ((c >> 6) & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (c >> 18));
    out[1] = (char)(0x80 | ((c >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((c >> 6) & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}
/* Internal: the inside of a string value; 0 if `value` is none. */
static inline int tenon_json_inside_(tenon_str value, tenon_str *inside) {
    value = tenon_json_skip_blanks_(value);
    if (value.n < 2 || *value.p != '"') return 0;
    value.n = tenon_json_string_size_(value);
    if (value.n < 2) return 0;
    inside->p = value.p + 1;
    inside->n = value.n - 2;
    return 1;
}

/* Whether `value` is a string with this text. */
static inline int tenon_json_equals(tenon_str value, const char *text) {
    tenon_str inside;
    char piece[4];
    size_t n;
    if (!tenon_json_inside_(value, &inside)) return 0;
    while ((n = tenon_json_decode_one_(&inside, piece)) > 0) {
        size_t i;
        for (i = 0; i < n; ++i) {
            if (*text == '\0' || *text++ != piece[i]) return 0;
        }
    }
    return *text == '\0';
}

/* The member of an object; no value when there is none, or `object` is no object. A member may be
 * null: see tenon_json_kind. */
static inline tenon_str tenon_json_member(tenon_str object, const char *name) {
    tenon_str key, value;
    object = tenon_json_skip_blanks_(object);
    if (tenon_json_kind(object) == '{') {
        while (tenon_json_next_member(&object, &key, &value)) {
            if (tenon_json_equals(key, name)) return value;
        }
    }
    return tenon_json_slice_(NULL, 0);
}

/* Puts the text of a string into `out`, in pieces. 0 if `value` is no string; then nothing was put. */
static inline int tenon_json_decode(tenon_str value, tenon_sink out) {
    tenon_str inside;
    char pieces[256];
    size_t used = 0;
    size_t n;
    if (!tenon_json_inside_(value, &inside)) return 0;
    while ((n = tenon_json_decode_one_(&inside, pieces + used)) > 0) {
        used += n;
        if (used + 4 <= sizeof pieces) continue;
        out.put(out.ctx, tenon_json_slice_(pieces, used));
        used = 0;
    }
    if (used > 0) out.put(out.ctx, tenon_json_slice_(pieces, used));
    return 1;
}

/* Copies the text of a string into `buffer` and ends it with NUL. `length` (may be NULL) becomes the
 * length of the text without that NUL; the text itself may have NULs in it. 0 if `value` is no string,
 * or if the text and the NUL do not fit; then the buffer holds an empty text, and `length` is what is
 * needed without the NUL, or 0 if it is no string. */
static inline int tenon_json_string(tenon_str value, char *buffer, size_t size, size_t *length) {
    tenon_str inside;
    char piece[4];
    size_t used = 0;
    size_t n;
    const int is_string = tenon_json_inside_(value, &inside);
    if (is_string) {
        while ((n = tenon_json_decode_one_(&inside, piece)) > 0) {
            if (used < size && n < size - used) memcpy(buffer + used, piece, n);
            used += n;
        }
    }
    if (length != NULL) *length = used;
    if (is_string && used < size) {
        buffer[used] = '\0';
        return 1;
    }
    if (size > 0) buffer[0] = '\0';
    return 0;
}

/* The value of an integer. 0 for everything else: a number with a fraction or an exponent, and one that
 * does not fit into 64 bits. (Where the schema of a tool states an integer, the host passes 2.0 and 2e0
 * as 2.) Then `out` is unchanged, so it may hold a default. */
static inline int tenon_json_integer(tenon_str value, int64_t *out) {
    uint64_t number = 0;
    uint64_t most = INT64_MAX;
    size_t at = 0;
    int negative = 0;
    value = tenon_json_skip_blanks_(value);
    value.n = tenon_json_value_size_(value);
    if (value.n > 0 && *value.p == '-') {
        negative = 1;
        most = (uint64_t)INT64_MAX + 1;
        at = 1;
    }
    if (at == value.n || (value.p[at] == '0' && value.n > at + 1)) return 0;
    for (; at < value.n; ++at) {
        const char c = value.p[at];
        if (c < '0' || c > '9') return 0;
        if (number > (most - (uint64_t)(c - '0')) / 10) return 0;
        number = number * 10 + (uint64_t)(c - '0');
    }
    if (negative)
        *out = number == most ? INT64_MIN : -(int64_t)number;
    else
        *out = (int64_t)number;
    return 1;
}

/* The value of a boolean: 1 or 0 in `out`. 0 for everything else; then `out` is unchanged. */
static inline int tenon_json_boolean(tenon_str value, int *out) {
    value = tenon_json_skip_blanks_(value);
    value.n = tenon_json_value_size_(value);
    if (value.n == 4 && memcmp(value.p, "true", 4) == 0) {
        *out = 1;
        return 1;
    }
    if (value.n == 5 && memcmp(value.p, "false", 5) == 0) {
        *out = 0;
        return 1;
    }
    return 0;
}

/* Internal: how many of the bytes at the beginning of `text`, which is not empty, are one character of
 * UTF-8; 0 if they are none. */
static inline size_t tenon_json_utf8_size_(tenon_str text) {
    const unsigned char *p = (const unsigned char *)text.p;
    size_t size, i;
    if (p[0] < 0x80) return 1;
    size = p[0] >= 0xC2 && p[0] < 0xE0 ? 2 : (p[0] & 0xF0) == 0xE0 ? 3 : p[0] >= 0xF0 && p[0] < 0xF5 ? 4 : 0;
    if (size == 0 || size > text.n) return 0;
    for (i = 1; i < size; ++i) {
        if ((p[i] & 0xC0) != 0x80) return 0;
    }
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] >= 0xA0) || (p[0] == 0xF0 && p[1] < 0x90) ||
        (p[0] == 0xF4 && p[1] >= 0x90))
        return 0;
    return size;
}

/* Puts `text` as a JSON string, quotes included. Each byte that is not UTF-8 becomes U+FFFD. */
static inline void tenon_json_quote(tenon_str text, tenon_sink out) {
    static const char kHex[] = "0123456789abcdef";
    char escaped[6];
    size_t plain = 0; /* bytes at the beginning of `text` that need no escape */
    out.put(out.ctx, tenon_json_slice_("\"", 1));
    while (plain < text.n) {
        const unsigned char c = (unsigned char)text.p[plain];
        const size_t size = tenon_json_utf8_size_(tenon_json_slice_(text.p + plain, text.n - plain));
        tenon_str escape;
        if (size > 0 && c >= 0x20 && c != '"' && c != '\\') {
            plain += size;
            continue;
        }
        if (plain > 0) out.put(out.ctx, tenon_json_slice_(text.p, plain));
        if (size == 0) {
            escape = tenon_json_slice_("\xEF\xBF\xBD", 3);
        } else if (c == '\n') {
            escape = tenon_json_slice_("\\n", 2);
        } else if (c >= 0x20) {
            escaped[0] = '\\';
            escaped[1] = (char)c;
            escape = tenon_json_slice_(escaped, 2);
        } else {
            memcpy(escaped, "\\u00", 4);
            escaped[4] = kHex[c >> 4];
            escaped[5] = kHex[c & 15];
            escape = tenon_json_slice_(escaped, 6);
        }
        out.put(out.ctx, escape);
        text.p += plain + 1;
        text.n -= plain + 1;
        plain = 0;
    }
    if (plain > 0) out.put(out.ctx, tenon_json_slice_(text.p, plain));
    out.put(out.ctx, tenon_json_slice_("\"", 1));
}

#ifdef __cplusplus
}
#endif

#endif
