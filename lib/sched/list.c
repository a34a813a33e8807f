#include "sched/list.h"

void stz_list_push(stz_list *list, stz_job *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
    list->count++;
}

void stz_list_insert(stz_list *list, stz_job *job)
{
    stz_job *before = NULL;
    for (stz_job *j = list->first; j && j->id < job->id; j = j->next)
        before = j;
    if (before == list->last) {
        stz_list_push(list, job);
        return;
    }
    stz_job **link = before ? &before->next : &list->first;
    job->next = *link;
    *link = job;
    list->count++;
}

stz_job *stz_list_pop(stz_list *list)
{
    stz_job *job = list->first;
    if (job) {
        list->first = job->next;
        if (!list->first)
            list->last = NULL;
        list->count--;
    }
    return job;
}

bool stz_list_remove(stz_list *list, stz_job *job)
{
    stz_job *before = NULL;
    for (stz_job *j = list->first; j; before = j, j = j->next) {
        if (j != job)
            continue;
        if (before)
            before->next = j->next;
        else
            list->first = j->next;
        if (list->last == j)
            list->last = before;
        list->count--;
        return true;
    }
    return false;
}
