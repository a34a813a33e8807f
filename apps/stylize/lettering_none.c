/* In the place of lettering.c where FreeType, fontconfig or FriBidi is missing. */
#include "lettering.h"

lettering *lettering_open(const char *language, const char **why)
{
    *why = "this build has no FreeType";
    return NULL;
}

void lettering_close(lettering *l) {}

int lettering_draw(lettering *l, const char *text, double x, double y, double height, double max_width,
                   lettering_ink *ink, void *user)
{
    return 0;
}
