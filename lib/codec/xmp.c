/*
 * XMP is XML, but no parser of it is needed for what is done here: two kinds of parts are cut out and one is changed in
 * the packet as a whole; for the rights alone, texts are taken from it and a packet is written around them, so that
 * nothing else goes along.
 */
#include "codec/xmp.h"

#include <string.h>
#include <stylize/stylize.h>

#include "codec/xmp_text.h"

#define NAMES_MAX 64 /* of one kind in a packet; one with more is made to take time */

struct packet {
    uint8_t *to;
    size_t used, room;
    bool full;
};

static void put(struct packet *p, const char *text, size_t size)
{
    p->full = p->full || size > p->room - p->used;
    if (p->full)
        return;
    memcpy(p->to + p->used, text, size);
    p->used += size;
}

static void puts_to(struct packet *p, const char *text) { put(p, text, strlen(text)); }

/* ------------------------------------------------------------------ the whole */

static void cut(struct packet *p, size_t from, size_t to)
{
    memmove(p->to + from, p->to + to, p->used - to);
    p->used -= to - from;
}

static stz_span whole(const struct packet *p) { return (stz_span){(const char *)p->to, p->used}; }

/* All that is called so, whatever prefix stands before it: elements with what is in them, and attributes. False:
 * what it would take cannot be told. */
static bool drop(struct packet *p, const char *local)
{
    stz_span name;
    int names = 0;
    for (size_t at = 0; stz_xmp_name(whole(p), local, at, &name);) {
        const size_t start = (size_t)(name.text - (const char *)p->to);
        size_t end = start + name.size;
        if (names++ == NAMES_MAX)
            return false;
        if (start && p->to[start - 1] == '<') {
            if (!stz_xmp_element_end(whole(p), start - 1, &end))
                return false;
            cut(p, start - 1, end);
            at = start - 1;
        } else if (stz_xmp_attribute_end(whole(p), &end, NULL)) {
            cut(p, start, end);
            at = start;
        } else {
            at = end;
        }
    }
    return true;
}

/* The digits of a value become 1; blanks around it do no harm. */
static void make_upright(struct packet *p, stz_span value)
{
    char *to = (char *)p->to + (value.text - (const char *)p->to);
    bool first = true;
    for (size_t i = 0; i < value.size; i++) {
        const bool blank = strchr(" \t\r\n", to[i]) != NULL;
        to[i] = blank ? to[i] : first ? '1' : ' ';
        first = first && blank;
    }
}

static bool set_orientation(struct packet *p)
{
    stz_span name, value;
    int names = 0;
    for (size_t at = 0; stz_xmp_name(whole(p), "Orientation", at, &name);) {
        const size_t start = (size_t)(name.text - (const char *)p->to);
        size_t end = start + name.size;
        at = end;
        if (names++ == NAMES_MAX)
            return false;
        if (start && p->to[start - 1] == '<') {
            const char *open = memchr(p->to + end, '>', p->used - end);
            const char *text = open ? open + 1 : NULL;
            const char *close =
                text ? memchr(text, '<', p->used - (size_t)(text - (const char *)p->to)) : NULL;
            if (close && open[-1] != '/')
                make_upright(p, (stz_span){text, (size_t)(close - text)});
        } else if (stz_xmp_attribute_end(whole(p), &end, &value)) {
            make_upright(p, value);
        }
    }
    return true;
}

/* Kilobytes of blanks that others may write into stand before the end. */
static void drop_padding(struct packet *p)
{
    static const char mark[] = "<?xpacket end";
    const uint8_t *end = stz_find(p->to, p->used, mark, sizeof mark - 1);
    const size_t at = end ? (size_t)(end - p->to) : p->used;
    size_t from = at;
    while (from && strchr(" \t\r\n", p->to[from - 1]))
        from--;
    cut(p, from, at);
}

static size_t keep_whole(stz_span in, struct packet *p)
{
    put(p, in.text, in.size);
    if (p->full)
        return 0;
    if (!drop(p, "Thumbnails") || !drop(p, "HasExtendedXMP") || !set_orientation(p))
        return 0;
    drop_padding(p);
    return p->used;
}

/* ------------------------------------------------------------------ the rights */

enum { SIMPLE, SEQUENCE, LANGUAGES };

static const char *const spaces[][2] = {{"dc", "http://purl.org/dc/elements/1.1/"},
                                        {"xmpRights", "http://ns.adobe.com/xap/1.0/rights/"},
                                        {"photoshop", "http://ns.adobe.com/photoshop/1.0/"}};

static const struct {
    int space;
    const char *name;
    int kind;
} rights[] = {{0, "creator", SEQUENCE},     {0, "rights", LANGUAGES},      {1, "Owner", SEQUENCE},
              {1, "UsageTerms", LANGUAGES}, {1, "Marked", SIMPLE},         {1, "WebStatement", SIMPLE},
              {2, "Credit", SIMPLE},        {2, "AuthorsPosition", SIMPLE}};

#define VALUES_MAX 32 /* of one property */

static void put_element(struct packet *p, const char *before, const char *space, const char *name)
{
    puts_to(p, before);
    puts_to(p, space);
    puts_to(p, ":");
    puts_to(p, name);
    puts_to(p, ">");
}

static void put_values(struct packet *p, const stz_span *values, int count, int kind)
{
    const char *list = kind == SEQUENCE ? "rdf:Seq>" : "rdf:Alt>";
    if (kind == SIMPLE) {
        put(p, values[0].text, values[0].size);
        return;
    }
    puts_to(p, "<");
    puts_to(p, list);
    /* of several languages the first, which is the default by the rules */
    for (int i = 0; i < (kind == LANGUAGES ? 1 : count); i++) {
        puts_to(p, kind == LANGUAGES ? "<rdf:li xml:lang=\"x-default\">" : "<rdf:li>");
        put(p, values[i].text, values[i].size);
        puts_to(p, "</rdf:li>");
    }
    puts_to(p, "</");
    puts_to(p, list);
}

static size_t keep_rights(stz_span in, struct packet *p)
{
    int found = 0;
    puts_to(p, "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta "
               "xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
               "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\"");
    for (size_t i = 0; i < STZ_LEN(spaces); i++) {
        puts_to(p, " xmlns:");
        puts_to(p, spaces[i][0]);
        puts_to(p, "=\"");
        puts_to(p, spaces[i][1]);
        puts_to(p, "\"");
    }
    puts_to(p, ">");
    for (size_t i = 0; i < STZ_LEN(rights); i++) {
        stz_span values[VALUES_MAX];
        const char *const *space = spaces[rights[i].space];
        const int n = stz_xmp_values(in, space[1], rights[i].name, values, VALUES_MAX);
        if (!n)
            continue;
        put_element(p, "<", space[0], rights[i].name);
        put_values(p, values, n, rights[i].kind);
        put_element(p, "</", space[0], rights[i].name);
        found++;
    }
    puts_to(p, "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>");
    return found && !p->full ? p->used : 0;
}

size_t stz_xmp_keep(const uint8_t *xmp, size_t size, uint32_t keep, uint8_t *to, size_t room)
{
    const stz_span in = {(const char *)xmp, size};
    struct packet p = {.to = to, .room = room};
    if (size > STZ_XMP_MAX || !stz_xmp_is_packet(in))
        return 0;
    if (keep == STYLIZE_METADATA_ALL)
        return keep_whole(in, &p);
    return keep & STYLIZE_METADATA_COPYRIGHT ? keep_rights(in, &p) : 0;
}
