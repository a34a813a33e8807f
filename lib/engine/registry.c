#include "engine/registry.h"

#include <string.h>

static const stz_engine *table[STZ_ENGINES_MAX] = {
    &stz_engine_native,
#ifdef STZ_HAVE_PLUGINS
    &stz_engine_torch,
#endif
};

const stz_engine *stz_engine_at(int index)
{
    return index >= 0 && index < STZ_ENGINES_MAX ? table[index] : NULL;
}

const stz_engine *stz_engine_find(const char *name)
{
    for (int i = 0; stz_engine_at(i); i++)
        if (!strcmp(table[i]->name, name))
            return table[i];
    return NULL;
}

void stz_engine_register(const stz_engine *engine)
{
    for (int i = 0; i < STZ_ENGINES_MAX; i++) {
        if (table[i] && !strcmp(table[i]->name, engine->name))
            return;
        if (!table[i]) {
            table[i] = engine;
            return;
        }
    }
}
