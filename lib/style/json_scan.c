/* Finds the elements of an array, and the members of an object, by their place in the text. */
#include <string.h>

#include "style/json.h"

#define TYPED_DEPTH 64 /* levels whose kind of bracket is known; deeper ones only count */

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static void step(stz_json_scan *s)
{
    if (s->text[s->pos++] == '\n')
        s->line++;
}

static void skip_space(stz_json_scan *s)
{
    while (s->pos < s->size && is_space(s->text[s->pos]))
        step(s);
}

/* From the opening quote to behind the closing one. A string cannot hold a line's end, so one that
 * lost its quote does no harm beyond its line; false for such a one. */
static bool skip_string(stz_json_scan *s)
{
    for (s->pos++; s->pos < s->size && s->text[s->pos] != '\n'; s->pos++) {
        if (s->text[s->pos] == '"') {
            s->pos++;
            return true;
        }
        if (s->text[s->pos] == '\\' && s->pos + 1 < s->size && s->text[s->pos + 1] != '\n')
            s->pos++;
    }
    return false;
}

/* True if nothing but space follows the byte at pos. */
static bool is_last(const stz_json_scan *s)
{
    for (size_t i = s->pos + 1; i < s->size; i++)
        if (!is_space(s->text[i]))
            return false;
    return true;
}

/* The kinds of the open brackets: bit d is set if level d is an object. */
typedef struct nesting {
    uint64_t objects;
    size_t depth;
} nesting;

static bool in_object(const nesting *n)
{
    return n->depth && n->depth <= TYPED_DEPTH && n->objects >> (n->depth - 1) & 1;
}

static void push(nesting *n, bool object)
{
    if (n->depth < TYPED_DEPTH) {
        uint64_t bit = (uint64_t)1 << n->depth;
        n->objects = object ? n->objects | bit : n->objects & ~bit;
    }
    n->depth++;
}

/* Closes an object, and arrays inside it that were left open. */
static void pop_object(nesting *n)
{
    while (n->depth > 1 && n->depth <= TYPED_DEPTH && !in_object(n))
        n->depth--;
    n->depth--;
}

/* From an opening brace to behind its closing one, or to where the object must have ended. */
static void skip_object(stz_json_scan *s)
{
    nesting n = {0};
    char before = 0; /* the last byte that is no space */
    while (s->pos < s->size) {
        char c = s->text[s->pos];
        if (c == '"') {
            before = skip_string(s) ? '"' : ','; /* the comma may be in what it swallowed */
            continue;
        }
        if (c == '{') {
            if (before == ',' && in_object(&n)) { /* a member cannot begin so: the brace is missing */
                s->want_comma = false;
                return;
            }
            push(&n, true);
        } else if (c == '[') {
            push(&n, false);
        } else if (c == '}') {
            pop_object(&n);
            if (n.depth == 0) {
                s->pos++;
                return;
            }
        } else if (c == ']') {
            if (n.depth && !in_object(&n))
                n.depth--;
            else if (is_last(s)) /* the end of the whole array: the brace is missing */
                return;
        }
        if (!is_space(c))
            before = c;
        step(s);
    }
}

/* A number, a text or whatever else stands where an object should. */
static void skip_other(stz_json_scan *s)
{
    if (s->text[s->pos] == '"') {
        skip_string(s);
        return;
    }
    do
        step(s);
    while (s->pos < s->size && !is_space(s->text[s->pos]) && !strchr("[]{},\"", s->text[s->pos]));
}

bool stz_json_scan_begin(stz_json_scan *s, const char *text, size_t size)
{
    *s = (stz_json_scan){.text = text, .size = size, .line = 1};
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* byte order mark */
        s->pos = 3;
    skip_space(s);
    if (s->pos == s->size || s->text[s->pos] != '[')
        return false;
    s->pos++;
    return true;
}

static stz_json_step problem(stz_json_element *e, int line, const char *what)
{
    *e = (stz_json_element){what, 0, line};
    return STZ_JSON_PROBLEM;
}

stz_json_step stz_json_scan_next(stz_json_scan *s, stz_json_element *e)
{
    if (s->ended)
        return STZ_JSON_END;
    skip_space(s);
    if (s->pos < s->size && s->want_comma && s->text[s->pos] == ',') {
        s->pos++;
        s->want_comma = false;
        skip_space(s);
        if (s->pos < s->size && s->text[s->pos] == ']')
            return problem(e, s->line, "a comma before the end of the list");
    }
    if (s->pos == s->size) {
        s->ended = true;
        return problem(e, s->line, "the list has no end");
    }
    int line = s->line;
    char c = s->text[s->pos];
    if (c == ']') {
        s->ended = is_last(s);
        s->pos++;
        return s->ended ? STZ_JSON_END : problem(e, line, "a ']' that is not at the end");
    }
    if (c == ',' || c == '}') {
        s->pos++;
        return problem(e, line, c == ',' ? "a comma without an entry before it" : "a '}' too many");
    }
    if (s->want_comma) {
        s->want_comma = false;
        return problem(e, line, "a comma is missing between entries");
    }
    size_t start = s->pos;
    s->want_comma = true;
    if (c == '{')
        skip_object(s);
    else
        skip_other(s);
    size_t end = s->pos;
    while (is_space(s->text[end - 1])) /* a broken one ends where its text does */
        end--;
    *e = (stz_json_element){s->text + start, end - start, line};
    return STZ_JSON_ELEMENT;
}

int stz_json_line(const stz_json *o, const char *member)
{
    size_t length = member ? strlen(member) : 0, depth = 0;
    stz_json_scan s = {.text = o->text, .size = o->size, .line = o->line};
    char before = 0;
    while (member && s.pos < s.size) {
        char c = s.text[s.pos];
        if (c == '"') {
            size_t start = s.pos + 1;
            bool key = depth == 1 && (before == '{' || before == ',');
            skip_string(&s);
            if (key && s.pos - start == length + 1 && memcmp(s.text + start, member, length) == 0)
                return s.line;
            before = '"';
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        if (!is_space(c))
            before = c;
        step(&s);
    }
    return o->line;
}
