/* A painting in work, with all who wait for it. */
#ifndef SERVER_IN_FLIGHT_H
#define SERVER_IN_FLIGHT_H

#include "paint/work.h"

/*
 * Two references: one of painter_start until it knows the library's number, one of the library's
 * callback. Lists and tickets are guarded by the painter's lock.
 */
struct flight {
    atomic_int references;
    struct painter *painter;
    work work;   /* with a reference to the memory of its own */
    bool listed; /* false once it has ended or nobody waits: cannot be joined any more */
    ticket *tickets;
    uint64_t accepted_ns;
    uint64_t erasures; /* keeper_now then */
    uint64_t run_id;   /* 0: not known yet */
    bool abandoned;    /* nobody waits, or its subject's data is erased: it is not kept */
    bool storing;      /* it has ended and goes into the cache */
    atomic_bool started;
    bool whole;   /* somebody who waits wants it in full size */
    bool waiting; /* for room, in the painter's line; the library does not have it yet */
    struct flight *before, *behind;
    uint64_t handed_ns; /* when it had room */
    struct flight *next, *previous;
    stylize_image content, pictures[STYLIZE_STYLES_MAX];
    stylize_style_ref refs[STYLIZE_STYLES_MAX];
    stylize_image masks[STYLIZE_STYLES_MAX];
    const stylize_image *mask_refs[STYLIZE_STYLES_MAX];
    stylize_image parts[STYLIZE_STYLES_MAX];
    const stylize_image *part_refs[STYLIZE_STYLES_MAX];
    stylize_request request;
    stylize_report report;
};

/* With a request for the library, but for what it calls; NULL without memory. erasures: keeper_now. */
flight *flight_create(struct painter *p, const work *w, uint64_t erasures);
void flight_release(flight *f);
/* The painting that the library's result is, which is taken over; NULL without memory. */
painting *flight_painting(const flight *f, stylize_image *result);
/* All who wait, who are now the caller's to tell. */
ticket *flight_take_tickets(flight *f);

#endif
