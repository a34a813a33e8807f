/*
 * EXIF written anew: a TIFF block of which every entry was chosen. Copying the block and cutting from it would leave
 * what nobody points at any more, a place or a thumbnail, in the file for all who look.
 */
#include "codec/exif_keep.h"

#include <string.h>

#define ENTRIES_MAX  256
#define ENTRY_SIZE   12
#define ORIENTATION  0x0112
#define ARTIST       0x013b
#define COPYRIGHT    0x8298
#define EXIF_POINTER 0x8769
#define GPS_POINTER  0x8825
#define MAKER_NOTE   0x927c

struct reader {
    const uint8_t *data;
    size_t size;
    bool little;
};

struct writer {
    uint8_t *to;
    size_t used, room;
    bool little;
};

/* An entry that is kept, and where its value lies. */
struct entry {
    unsigned tag, type;
    uint32_t count;
    const uint8_t *value;
    size_t bytes;
};

static unsigned get16(const struct reader *r, size_t at)
{
    const uint8_t *p = r->data + at;
    return r->little ? p[0] | (unsigned)p[1] << 8 : (unsigned)p[0] << 8 | p[1];
}

static uint32_t get32(const struct reader *r, size_t at)
{
    const uint32_t first = get16(r, at), second = get16(r, at + 2);
    return r->little ? first | second << 16 : first << 16 | second;
}

static void put16(const struct writer *w, size_t at, unsigned v)
{
    w->to[at] = (uint8_t)(w->little ? v : v >> 8);
    w->to[at + 1] = (uint8_t)(w->little ? v >> 8 : v);
}

static void put32(const struct writer *w, size_t at, uint32_t v)
{
    put16(w, at, w->little ? v & 0xffff : v >> 16);
    put16(w, at + 2, w->little ? v >> 16 : v & 0xffff);
}

/* Of the first directory only what describes the picture, not how it was stored. */
static bool keeps_main(unsigned tag, uint32_t keep)
{
    static const uint16_t about[] = {0x010e, 0x010f, 0x0110, ORIENTATION, 0x011a, 0x011b,
                                     0x0128, 0x0131, 0x0132, ARTIST,      0x013c, COPYRIGHT};
    if (tag == ARTIST || tag == COPYRIGHT)
        return keep & (STYLIZE_METADATA_COPYRIGHT | STYLIZE_METADATA_EXIF);
    for (size_t i = 0; i < STZ_LEN(about); i++)
        if (about[i] == tag)
            return keep & STYLIZE_METADATA_EXIF;
    return tag >= 0x9c9b && tag <= 0x9c9f && keep & STYLIZE_METADATA_EXIF; /* Windows' title and so on */
}

/* Sizes and the colour space are those of the original; the maker's notes may say where it was taken. */
static bool keeps_exif(unsigned tag, uint32_t keep)
{
    if (tag == MAKER_NOTE)
        return keep & STYLIZE_METADATA_PLACE;
    return tag != 0xa001 && tag != 0xa002 && tag != 0xa003 && tag != 0xa005;
}

static bool keeps_all(unsigned tag, uint32_t keep) { return true; }

static size_t bytes_of(unsigned type)
{
    static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};
    return type < sizeof sizes ? sizes[type] : 0;
}

/* Adds an entry in the order of the tags, which not every camera keeps; the first of a tag counts. */
static int insert(struct entry *entries, int n, const struct entry *e)
{
    int at = n;
    while (at > 0 && entries[at - 1].tag > e->tag)
        at--;
    if (at > 0 && entries[at - 1].tag == e->tag)
        return n;
    memmove(entries + at + 1, entries + at, (size_t)(n - at) * sizeof *entries);
    entries[at] = *e;
    return n + 1;
}

/* The entries of a directory that are kept and whole. */
static int read_directory(const struct reader *r, size_t at, bool (*keeps)(unsigned, uint32_t), uint32_t keep,
                          struct entry out[ENTRIES_MAX])
{
    int n = 0;
    if (at < 8 || at > r->size - 2)
        return 0;
    size_t count = get16(r, at);
    at += 2;
    if (count > (r->size - at) / ENTRY_SIZE)
        count = (r->size - at) / ENTRY_SIZE;
    for (size_t i = 0; i < count && n < ENTRIES_MAX; i++, at += ENTRY_SIZE) {
        struct entry e = {.tag = get16(r, at), .type = get16(r, at + 2), .count = get32(r, at + 4)};
        const uint64_t bytes = (uint64_t)e.count * bytes_of(e.type);
        const uint64_t where = bytes <= 4 ? at + 8 : get32(r, at + 8);
        if (!bytes || bytes > STZ_EXIF_MAX || where + bytes > r->size || e.tag == EXIF_POINTER ||
            e.tag == GPS_POINTER || !keeps(e.tag, keep))
            continue;
        e.value = r->data + where;
        e.bytes = (size_t)bytes;
        n = insert(out, n, &e);
    }
    return n;
}

bool stz_exif_find(const uint8_t *tiff, size_t size, unsigned tag, const uint8_t **value, size_t *bytes)
{
    if (size < 14 || (memcmp(tiff, "II*\0", 4) && memcmp(tiff, "MM\0*", 4)))
        return false;
    const struct reader r = {tiff, size, tiff[0] == 'I'};
    size_t at = get32(&r, 4);
    if (at < 8 || at > size - 2)
        return false;
    const size_t count = get16(&r, at);
    at += 2;
    for (size_t i = 0; i < count && size - at >= ENTRY_SIZE; i++, at += ENTRY_SIZE) {
        const uint64_t n = (uint64_t)get32(&r, at + 4) * bytes_of(get16(&r, at + 2));
        const uint64_t where = n <= 4 ? at + 8 : get32(&r, at + 8);
        if (get16(&r, at) != tag || !n || where + n > size)
            continue;
        *value = tiff + where;
        *bytes = (size_t)n;
        return true;
    }
    return false;
}

/* Where a directory that the first one points at begins, or 0. */
static size_t find_pointer(const struct reader *r, size_t at, unsigned tag)
{
    if (at < 8 || at > r->size - 2)
        return 0;
    const size_t count = get16(r, at);
    at += 2;
    for (size_t i = 0; i < count && r->size - at >= ENTRY_SIZE; i++, at += ENTRY_SIZE)
        if (get16(r, at) == tag)
            return get32(r, at + 8);
    return 0;
}

/* Writes a directory with room for `pointers` more entries behind those given; returns where, or 0 if it does not fit.
 * Values that do not fit are left out. */
static size_t write_directory(struct writer *w, const struct entry *entries, int count, int pointers)
{
    const size_t start = w->used, head = 2 + (size_t)(count + pointers) * ENTRY_SIZE + 4;
    if (w->room - w->used < head)
        return 0;
    memset(w->to + start, 0, head);
    w->used += head;
    int n = 0;
    for (int i = 0; i < count; i++) {
        const struct entry *e = &entries[i];
        const size_t at = start + 2 + (size_t)n * ENTRY_SIZE, padded = e->bytes + (e->bytes & 1);
        if (e->bytes > 4 && w->room - w->used < padded)
            continue;
        put16(w, at, e->tag);
        put16(w, at + 2, e->type);
        put32(w, at + 4, e->count);
        if (e->bytes > 4) {
            put32(w, at + 8, (uint32_t)w->used);
            memcpy(w->to + w->used, e->value, e->bytes);
            if (e->bytes & 1)
                w->to[w->used + e->bytes] = 0;
            w->used += padded;
        } else if (e->tag == ORIENTATION && e->type == 3) {
            put16(w, at + 8, 1); /* the pixels are upright */
        } else {
            memcpy(w->to + at + 8, e->value, e->bytes);
        }
        n++;
    }
    put16(w, start, (unsigned)n);
    return start;
}

/* Adds an entry that points at a directory, in the room that was left for it. */
static void add_pointer(struct writer *w, size_t directory, unsigned tag, size_t where)
{
    const struct reader r = {w->to, w->used, w->little};
    const unsigned n = get16(&r, directory);
    const size_t at = directory + 2 + (size_t)n * ENTRY_SIZE;
    put16(w, at, tag);
    put16(w, at + 2, 4);
    put32(w, at + 4, 1);
    put32(w, at + 8, (uint32_t)where);
    put16(w, directory, n + 1);
}

/* A directory behind a pointer, if it is wanted and has anything in it. */
static void copy_part(struct writer *w, const struct reader *r, size_t from, size_t main, unsigned tag,
                      bool (*keeps)(unsigned, uint32_t), uint32_t keep)
{
    struct entry entries[ENTRIES_MAX];
    const size_t there = find_pointer(r, from, tag);
    const int n = there ? read_directory(r, there, keeps, keep, entries) : 0;
    const size_t where = n ? write_directory(w, entries, n, 0) : 0;
    if (where)
        add_pointer(w, main, tag, where);
}

/* The pointers come behind the others, whatever their tags are: in the order of the tags. */
static void sort_entries(struct writer *w, size_t directory)
{
    const struct reader r = {w->to, w->used, w->little};
    const unsigned n = get16(&r, directory);
    uint8_t *first = w->to + directory + 2, moved[ENTRY_SIZE];
    for (unsigned i = 1; i < n; i++)
        for (unsigned k = i; k > 0 && get16(&r, directory + 2 + k * ENTRY_SIZE) <
                                          get16(&r, directory + 2 + (k - 1) * ENTRY_SIZE);
             k--) {
            memcpy(moved, first + (size_t)k * ENTRY_SIZE, ENTRY_SIZE);
            memcpy(first + (size_t)k * ENTRY_SIZE, first + (size_t)(k - 1) * ENTRY_SIZE, ENTRY_SIZE);
            memcpy(first + (size_t)(k - 1) * ENTRY_SIZE, moved, ENTRY_SIZE);
        }
}

size_t stz_exif_keep(const uint8_t *tiff, size_t size, uint32_t keep, uint8_t *to, size_t room)
{
    struct entry entries[ENTRIES_MAX];
    if (size < 14 || room < 64 || (memcmp(tiff, "II*\0", 4) && memcmp(tiff, "MM\0*", 4)))
        return 0;
    const struct reader r = {tiff, size, tiff[0] == 'I'};
    struct writer w = {.to = to, .used = 8, .room = room, .little = r.little};
    const size_t from = get32(&r, 4);
    const int n = read_directory(&r, from, keeps_main, keep, entries);
    memcpy(to, tiff, 4);
    put32(&w, 4, 8);
    const size_t main = write_directory(&w, entries, n, 2);
    if (!main)
        return 0;
    if (keep & STYLIZE_METADATA_EXIF)
        copy_part(&w, &r, from, main, EXIF_POINTER, keeps_exif, keep);
    if (keep & STYLIZE_METADATA_PLACE)
        copy_part(&w, &r, from, main, GPS_POINTER, keeps_all, keep);
    sort_entries(&w, main);
    const struct reader made = {to, w.used, w.little};
    return get16(&made, main) ? w.used : 0;
}

void stz_exif_of_box(stz_metadata *metadata)
{
    stz_buf *box = metadata->exif;
    const size_t size = metadata->exif_size;
    const struct reader r = {.data = box ? box->data : NULL, .size = size};
    const uint64_t at = size > 8 ? 4 + (uint64_t)get32(&r, 0) : size;
    metadata->exif_size = 0;
    if (at < size) {
        memmove(box->data, box->data + at, size - (size_t)at);
        metadata->exif_size = size - (size_t)at;
        return;
    }
    stz_buf_unref(box);
    metadata->exif = NULL;
}
