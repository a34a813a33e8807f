/* Texts of errors; part of each of the two libraries of this folder. */
#include <cstring>

#include "guard.h"

namespace stz
{

/* TorchScript reports an exception with a traceback of the model's code around it; what matters is
 * the last line that names an error. */
static const char *essence(const char *text) noexcept
{
    if (strncmp(text, "The following operation failed in the TorchScript interpreter", 61) != 0)
        return text;
    const char *found = text;
    for (const char *p = text; (p = strstr(p, "Error: ")); p += 7)
        found = p;
    while (found > text && found[-1] != '\n')
        found--;
    return strncmp(found, "RuntimeError: ", 14) == 0 ? found + 14 : found;
}

int report(const stz_torch_error *error, int code, const char *text) noexcept
{
    if (strstr(text, "can't allocate memory") || strstr(text, "not enough memory") ||
        strstr(text, "out of memory"))
        code = STZ_TORCH_NOMEM;
    if (!error || !error->text || !error->size)
        return code;
    text = essence(text);
    const char *end = strstr(text, "\nException raised from");
    size_t n = 0;
    for (const char *p = text; *p && p != end && n + 1 < error->size; p++) {
        const char c = (unsigned char)*p <= ' ' ? ' ' : *p;
        if (c != ' ' || (n && error->text[n - 1] != ' '))
            error->text[n++] = c;
    }
    while (n && error->text[n - 1] == ' ')
        n--;
    error->text[n] = 0;
    return code;
}

} // namespace stz
