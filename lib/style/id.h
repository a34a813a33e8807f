/* Names of styles and networks. */
#ifndef STZ_ID_H
#define STZ_ID_H

#include <stdbool.h>

#define STZ_ID_MAX 63

/* True for a-z 0-9 _ -, 1 to STZ_ID_MAX characters. */
bool stz_id_valid(const char *id);

#endif
