/* The sandbox of --sandbox, as the server enters it. */
#ifndef SERVER_CONFINE_H
#define SERVER_CONFINE_H

#include "http/http.h"

/*
 * confine_files is due before threads are started, when the folders that are written to are there;
 * confine_calls just before connections are taken. What the kernel does not have is a warning, or
 * false with a message if the sandbox is required.
 */
bool confine_files(server *s, char *message, size_t size);
bool confine_calls(server *s, char *message, size_t size);

#endif
