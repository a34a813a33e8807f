/* Lists of jobs; guarded by the context's lock. */
#ifndef STZ_LIST_H
#define STZ_LIST_H

#include "job/job.h"

typedef struct stz_list {
    stz_job *first, *last;
    int count;
} stz_list;

void stz_list_push(stz_list *list, stz_job *job);
void stz_list_insert(stz_list *list, stz_job *job); /* in order of ids: requests start as they came */
stz_job *stz_list_pop(stz_list *list);              /* or NULL */
bool stz_list_remove(stz_list *list, stz_job *job); /* false: it is not in the list */

#endif
