/* Hands jobs in to the workers. */
#ifndef SERVER_BROKER_POST_H
#define SERVER_BROKER_POST_H

#include "jobs/job.h"

struct broker;

/* Stores the pictures of w and hands the job in; its id, owner, subject and time are set. Waits. */
bool broker_post(struct broker *b, job *j, const work *w, problem *wrong);

#endif
