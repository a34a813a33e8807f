/* The store that a URL names. */
#ifndef SERVER_STORE_OPEN_H
#define SERVER_STORE_OPEN_H

#include "remote/store.h"

/* False with a message. */
bool store_open(store *s, const store_options *o, char *message, size_t size);

#endif
