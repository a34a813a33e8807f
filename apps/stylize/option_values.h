/* Reads the values of options that have a form of their own. */
#ifndef CLI_OPTION_VALUES_H
#define CLI_OPTION_VALUES_H

#include "common/options.h"

/* Each as option.read; the target is cli_args. The text of value ends with a zero. */
bool read_styles(void *target, const option *o, slice value);      /* "starry_night:0.7,great_wave" */
bool read_style_image(void *target, const option *o, slice value); /* "painting.jpg:0.3" */
bool read_photos(void *target, const option *o, slice value);      /* a file or folder */
bool read_style_mask(void *target, const option *o, slice value);  /* likewise */
bool read_mask(void *target, const option *o, slice value);        /* for the styles of the option before it */
bool read_sizes(void *target, const option *o, slice value);       /* "512,640x480" */
bool read_threads(void *target, const option *o, slice value);     /* "1,2" */
bool read_strength(void *target, const option *o, slice value);
bool read_depth(void *target, const option *o, slice value);
bool read_metadata(void *target, const option *o, slice value);
bool read_format(void *target, const option *o, slice value);
bool read_from(void *target, const option *o, slice value); /* "1:30" */
bool read_to(void *target, const option *o, slice value);
bool read_crf(void *target, const option *o, slice value);
bool read_device(void *target, const option *o, slice value);

#endif
