#include "common/utf8.h"

#include <stdbool.h>

size_t utf8_read(const char *text, size_t left, uint32_t *code)
{
    const unsigned char *s = (const unsigned char *)text;
    if (!left)
        return 0;
    const size_t n = s[0] < 0x80   ? 1
                     : s[0] < 0xc2 ? 0
                     : s[0] < 0xe0 ? 2
                     : s[0] < 0xf0 ? 3
                     : s[0] < 0xf5 ? 4
                                   : 0;
    if (!n || n > left)
        return 0;
    uint32_t value = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (s[i] & 0x3fu);
    }
    const bool wrong = (n == 3 && (value < 0x800 || (value >= 0xd800 && value < 0xe000))) ||
                       (n == 4 && (value < 0x10000 || value > 0x10ffff));
    if (code)
        *code = value;
    return wrong ? 0 : n;
}
