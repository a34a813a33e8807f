/* Finished pictures and their form in a file. */
#include "paint/painting.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/seal.h"
#include "common/clock.h"

enum { MARK_DEGRADED = 1, MARK_DAMAGED = 2 };

/* What stands before the picture's bytes in a file; of this machine, files do not travel. */
typedef struct file_header {
    char magic[8];
    uint8_t key[32];
    uint8_t seal[SEAL_SIZE]; /* of the header with a zero seal, and of the picture */
    uint64_t size;
    uint32_t width, height, format, tiles, batch_size, marks;
    float strength;
    uint32_t made; /* seconds since 1970; 0: not known */
    double queue_seconds, prepare_seconds, engine_seconds, finish_seconds;
    char engine[16], model[64], style[512], subject[OWNER_MAX + SUBJECT_MAX + 1];
} file_header;

static const char file_magic[8] = "STZPIC2";

painting *painting_hold(painting *p)
{
    atomic_fetch_add(&p->references, 1);
    return p;
}

void painting_release(void *shared)
{
    painting *p = shared;
    if (!p || atomic_fetch_sub(&p->references, 1) != 1)
        return;
    if (p->image.owner)
        stylize_image_free(&p->image);
    else
        free(p->image.pixels);
    free(p);
}

void painting_take(painting *p, stylize_image *result)
{
    p->width = result->width;
    p->height = result->height;
    p->image = *result;
    uint8_t *bytes = malloc(result->size);
    if (!bytes)
        return;
    memcpy(bytes, result->pixels, result->size);
    p->image = (stylize_image){.pixels = bytes, .size = result->size, .format = result->format};
    stylize_image_free(result);
}

static bool file_seal(const file_header *h, const void *picture, uint8_t out[SEAL_SIZE])
{
    file_header bare = *h;
    memset(bare.seal, 0, sizeof bare.seal);
    return seal_of((slice){(const char *)&bare, sizeof bare}, (slice){picture, (size_t)h->size}, out);
}

bool painting_write(const painting *p, const painting_key *key, buf *out)
{
    return painting_write_as(p, key, p->subject, out);
}

bool painting_write_as(const painting *p, const painting_key *key, const char subject[STORED_SUBJECT],
                       buf *out)
{
    file_header h;
    memset(&h, 0, sizeof h); /* the padding too */
    memcpy(h.magic, file_magic, sizeof h.magic);
    memcpy(h.key, key->bytes, sizeof h.key);
    h.size = p->image.size;
    h.width = p->width;
    h.height = p->height;
    h.format = (uint32_t)p->image.format;
    h.tiles = p->tiles;
    h.batch_size = p->batch_size;
    h.marks = (p->degraded ? MARK_DEGRADED : 0) | (p->damaged ? MARK_DAMAGED : 0);
    h.strength = p->strength;
    h.made = (uint32_t)(time(NULL) - ((int64_t)now_seconds() - p->made));
    h.queue_seconds = p->queue_seconds;
    h.prepare_seconds = p->prepare_seconds;
    h.engine_seconds = p->engine_seconds;
    h.finish_seconds = p->finish_seconds;
    memcpy(h.engine, p->engine, sizeof h.engine);
    memcpy(h.model, p->model, sizeof h.model);
    memcpy(h.style, p->style, sizeof h.style);
    memcpy(h.subject, subject, sizeof h.subject);
    uint8_t seal[SEAL_SIZE];
    if (!file_seal(&h, p->image.pixels, seal))
        return false;
    memcpy(h.seal, seal, sizeof seal);
    buf_append(out, &h, sizeof h);
    buf_append(out, p->image.pixels, p->image.size);
    return !out->failed;
}

static void take_header(painting *p, const file_header *h)
{
    const int64_t age = h->made ? time(NULL) - (int64_t)h->made : 0;
    p->made = (int64_t)now_seconds() - (age > 0 ? age : 0);
    p->width = h->width;
    p->height = h->height;
    p->tiles = h->tiles;
    p->batch_size = h->batch_size;
    p->degraded = h->marks & MARK_DEGRADED;
    p->damaged = h->marks & MARK_DAMAGED;
    p->strength = h->strength;
    p->queue_seconds = h->queue_seconds;
    p->prepare_seconds = h->prepare_seconds;
    p->engine_seconds = h->engine_seconds;
    p->finish_seconds = h->finish_seconds;
    memcpy(p->engine, h->engine, sizeof p->engine - 1);
    memcpy(p->model, h->model, sizeof p->model - 1);
    memcpy(p->style, h->style, sizeof p->style - 1);
    memcpy(p->subject, h->subject, sizeof p->subject - 1);
}

painting *painting_read(const painting_key *key, slice block)
{
    file_header h;
    uint8_t seal[SEAL_SIZE];
    if (block.size < sizeof h)
        return NULL;
    memcpy(&h, block.data, sizeof h);
    const char *picture = block.data + sizeof h;
    if (memcmp(h.magic, file_magic, sizeof h.magic) || memcmp(h.key, key->bytes, sizeof h.key) ||
        h.size != block.size - sizeof h || !h.size)
        return NULL;
    const bool whole = file_seal(&h, picture, seal) && seal_equal(seal, h.seal);
    painting *p = whole ? calloc(1, sizeof *p) : NULL;
    uint8_t *bytes = p ? malloc((size_t)h.size) : NULL;
    if (!bytes) {
        free(p);
        return NULL;
    }
    memcpy(bytes, picture, (size_t)h.size);
    atomic_init(&p->references, 1);
    p->image = (stylize_image){.pixels = bytes, .size = (size_t)h.size, .format = (stylize_format)h.format};
    take_header(p, &h);
    return p;
}
