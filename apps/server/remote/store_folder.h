/* A folder, perhaps one that several machines mount, as a store. */
#ifndef SERVER_STORE_FOLDER_H
#define SERVER_STORE_FOLDER_H

#include "remote/store.h"

/* False with a message. */
bool store_folder_open(store *s, const store_options *o, char *message, size_t size);

#endif
