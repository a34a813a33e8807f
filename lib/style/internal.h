/* What the files of this folder know of each other: styles and the library from inside. */
#ifndef STZ_STYLE_INTERNAL_H
#define STZ_STYLE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "style/json.h"
#include "style/style.h"

#define STZ_ID_MAX      63
#define STZ_MODEL_MAX   (1u << 20) /* bytes of model.json */
#define STZ_LIBRARY_MAX (4u << 20) /* bytes of library.json */
#define STZ_ENTRIES_MAX 4096

typedef struct stz_title {
    char *lang; /* "en" */
    char *text;
} stz_title;

typedef struct stz_style_code_of {
    const stz_model *model;
    float *code;
} stz_style_code_of;

/* Written by its maker before anyone else sees it, then only read. */
struct stz_style {
    atomic_int refs;
    char id[STZ_ID_MAX + 1];
    stz_title *titles; /* the first one is English */
    int title_count;
    char *artist, *licence, *preview, *artwork; /* or NULL */
    int year;
    int recommended_size;
    bool added;
    const stz_model *model; /* paints it by default */
    stz_style_code_of *codes;
    int code_count;
};

struct stz_style_lib {
    char *dir;          /* model folder, absolute */
    stz_model **models; /* fixed once the library is open, as model_count */
    int model_count;
    pthread_rwlock_t lock; /* over what follows */
    stz_style **styles;    /* each with one reference of the library's */
    size_t style_count, style_room;
};

/* True for a-z 0-9 _ -, 1 to STZ_ID_MAX characters. */
bool stz_id_valid(const char *id);

/* A style with one reference and room for the codes of n models; NULL if there is no memory. */
stz_style *stz_style_create(const char *id, const stz_model *model, int code_room);
/* Copies code; its length is the model's. False if there is no memory. */
bool stz_style_set_code(stz_style *style, const stz_model *model, const float *code);
/* Takes the next title; `count` of them were made room for. */
bool stz_style_room_for_titles(stz_style *style, int count);
bool stz_style_add_title(stz_style *style, const char *lang, const char *text);
const char *stz_style_title(const stz_style *style, const char *lang);

/* Takes over the caller's reference. EXISTS, NOMEM: the reference stays the caller's. */
stylize_status stz_style_lib_insert(stz_style_lib *lib, stz_style *style, stylize_error *err);

/* Parses the text of a model.json; dir is copied. */
stylize_status stz_model_parse(const char *dir, const char *text, size_t size, const stz_log *log,
                               stz_model **out, stylize_error *err);

/* As stz_model_read, with a log for members that are ignored. */
stylize_status stz_model_load(const char *dir, const stz_log *log, stz_model **out, stylize_error *err);

/* Makes the style of one entry of library.json. */
stylize_status stz_style_read(const stz_style_lib *lib, const stz_json *entry, const stz_log *log,
                              stz_style **out, stylize_error *err);
/* Inserts the styles of a library.json; MODEL if it is no array. */
stylize_status stz_style_lib_parse(stz_style_lib *lib, const char *text, size_t size, const stz_log *log,
                                   stylize_error *err);
/* A library without models and styles, for tests. dir is copied. */
stz_style_lib *stz_style_lib_create(const char *dir);
/* Takes over the model. False if there is no memory or its name is taken. */
bool stz_style_lib_add_model(stz_style_lib *lib, stz_model *model);

#endif
