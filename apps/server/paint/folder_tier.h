/* The cache's tier in a folder: one file a result, written whole or not at all. */
#ifndef SERVER_FOLDER_TIER_H
#define SERVER_FOLDER_TIER_H

#include "paint/cache.h"

/* The folder is made if it is not there; false with a message. */
bool cache_add_folder(cache *c, const char *path, uint64_t bytes, char *message, size_t size);

#endif
