#include "style/id.h"

#include <string.h>

bool stz_id_valid(const char *id)
{
    size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return n >= 1 && n <= STZ_ID_MAX && id[n] == 0;
}
