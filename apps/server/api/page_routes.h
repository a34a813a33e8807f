/* The page: files that the build puts into the binary. */
#ifndef SERVER_PAGE_ROUTES_H
#define SERVER_PAGE_ROUTES_H

#include <stddef.h>

typedef struct page_file {
    const char *name;
    const char *tag; /* of its content, in quotes */
    const unsigned char *bytes;
    size_t size;
} page_file;

extern const page_file page_files[];
extern const int page_file_count;

struct exchange;
void page_index(struct exchange *x);
void page_part(struct exchange *x);
void page_api(struct exchange *x); /* openapi.json */

#endif
