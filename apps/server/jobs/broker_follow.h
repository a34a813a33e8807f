/* Follows the jobs that workers have, and removes what is left of old ones. */
#ifndef SERVER_BROKER_FOLLOW_H
#define SERVER_BROKER_FOLLOW_H

#include "jobs/broker_state.h"

/* Asks for the results of some jobs, BROKER_AT_ONCE at most, and follows them. False without an answer. */
bool broker_look_at(struct broker *b, job **jobs, size_t count);
void broker_follow_all(struct broker *b);
/* Of whichever server comes first: what the one that accepted a job may not live to remove. */
void broker_sweep(struct broker *b);

#endif
