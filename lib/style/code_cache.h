/*
 * Style codes of pictures that were read before. The key is a hash of the picture as it was handed
 * in, with a secret of the cache's own, so that nobody can make two pictures that share one key.
 * A code that several threads ask for at once is computed by one of them; the others wait.
 * All memory is taken at creation. Thread-safe, but for destroy.
 */
#ifndef STZ_STYLE_CODE_CACHE_H
#define STZ_STYLE_CODE_CACHE_H

#include "base/exec.h"
#include "style/model.h"

typedef struct stz_code_cache stz_code_cache;

typedef struct stz_code_key {
    uint64_t low, high;
} stz_code_key;

/* The right, and the duty, to hand in one code: from MUST_COMPUTE until put or abandon. */
typedef struct stz_code_ticket {
    stz_code_key key;
    int slot; /* -1: all slots were busy, nobody waits for this one */
} stz_code_ticket;

typedef enum stz_code_state {
    STZ_CODE_HIT,          /* the code was copied */
    STZ_CODE_MUST_COMPUTE, /* the caller computes it and calls put or abandon with the ticket */
    STZ_CODE_CANCELLED     /* exec->cancel or its deadline came while another thread computed */
} stz_code_state;

/* entries: codes that are kept, up to 65536; 0: none are, every get must compute. code_length:
 * floats of each. NULL if there is no memory or no random number for the secret. */
stz_code_cache *stz_code_cache_create(uint32_t entries, int code_length);
void stz_code_cache_destroy(stz_code_cache *cache); /* NULL is fine; no ticket may be out */

/* The key of a picture, encoded or pixels (filled in by stz_image_check), as `model` reads it. */
stz_code_key stz_code_cache_key(const stz_code_cache *cache, const stz_model *model,
                                const stylize_image *picture);

/* exec: when to stop waiting; may be NULL. */
stz_code_state stz_code_cache_get(stz_code_cache *cache, stz_code_key key, const stz_exec *exec, float *code,
                                  stz_code_ticket *ticket);
void stz_code_cache_put(stz_code_cache *cache, const stz_code_ticket *ticket, const float *code);
/* Computing failed or was cancelled: one of those who wait is told to compute. */
void stz_code_cache_abandon(stz_code_cache *cache, const stz_code_ticket *ticket);

#endif
