#include "job/picture.h"

#include "job/optimize.h"
#include "job/tiled.h"
#include "job/whole.h"

stylize_status stz_paint_picture(const stz_env *env, stz_job *job, stz_way how, const stz_layer *layer,
                                 const float *code, const stz_exec *exec, stylize_error *err)
{
    switch (how) {
    case STZ_WAY_OPTIMIZE:
        return stz_paint_optimized(env, job, layer, exec, err);
    case STZ_WAY_TILED:
        return stz_paint_tiled(env, job, code, exec, err);
    default:
        return stz_paint_whole(env, job, code, exec, err);
    }
}
