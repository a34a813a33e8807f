#include "codec/jpeg_error.h"

#include <jerror.h>

_Noreturn void stz_jpeg_error_raise(stz_jpeg_error *e, stylize_status status)
{
    e->status = status;
    longjmp(e->jump, 1);
}

static void on_error(j_common_ptr cinfo)
{
    stz_jpeg_error *e = (stz_jpeg_error *)cinfo->err;
    char text[JMSG_LENGTH_MAX];
    switch (e->mgr.msg_code) {
    case JERR_OUT_OF_MEMORY:
        stz_jpeg_error_raise(e, stz_nomem(e->err, (uint64_t)e->mgr.msg_parm.i[0]));
    case JERR_NO_BACKING_STORE:
        stz_jpeg_error_raise(
            e, stz_fail(e->err, STYLIZE_ERR_LIMIT, "JPEG needs more memory than its size allows"));
    case JERR_BAD_PRECISION:
        stz_jpeg_error_raise(e,
                             stz_fail(e->err, STYLIZE_ERR_UNSUPPORTED,
                                      "JPEG has %d bits a channel; 8 are supported", e->mgr.msg_parm.i[0]));
    case JERR_SOF_UNSUPPORTED:
    case JERR_ARITH_NOTIMPL:
        (*e->mgr.format_message)(cinfo, text);
        stz_jpeg_error_raise(
            e, stz_fail(e->err, STYLIZE_ERR_UNSUPPORTED, "JPEG of an unsupported kind: %s", text));
    default:
        break;
    }
    if (e->ended)
        stz_jpeg_error_raise(e, stz_fail(e->err, STYLIZE_ERR_FORMAT, "JPEG is cut short"));
    (*e->mgr.format_message)(cinfo, text);
    stz_jpeg_error_raise(e, stz_fail(e->err, STYLIZE_ERR_FORMAT, "damaged JPEG: %s", text));
}

/* Damage in the middle of a picture that is wanted as far as it goes. Without one row of blocks there is
 * nothing to be tolerant about. */
static void on_damage(j_common_ptr cinfo)
{
    stz_jpeg_error *e = (stz_jpeg_error *)cinfo->err;
    const struct jpeg_decompress_struct *d = (const struct jpeg_decompress_struct *)cinfo;
    if (!e->tolerant || (d->input_scan_number <= 1 && !d->input_iMCU_row))
        on_error(cinfo);
    e->damaged = true;
}

/* libjpeg goes on after damaged data and paints it grey; here that is an error, unless the caller is
 * tolerant. What may lack is the end mark behind a single scan of Huffman codes: all pixels are there, and a lack inside the
 * scan gives the next warning. Other kinds would go on with zeros or a coarser picture. */
static void on_message(j_common_ptr cinfo, int level)
{
    if (level >= 0)
        return;
    stz_jpeg_error *e = (stz_jpeg_error *)cinfo->err;
    switch (e->mgr.msg_code) {
    case JWRN_JPEG_EOF:
        e->ended = true;
        if (!e->end_is_ok)
            on_damage(cinfo);
        break;
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
        on_damage(cinfo);
        break;
    default:
        break; /* odd, but nothing is lost */
    }
}

static void on_output(j_common_ptr cinfo) {}

void stz_jpeg_error_init(stz_jpeg_error *e, stylize_error *err)
{
    jpeg_std_error(&e->mgr);
    e->mgr.error_exit = on_error;
    e->mgr.emit_message = on_message;
    e->mgr.output_message = on_output;
    e->err = err;
    e->status = STYLIZE_OK;
    e->ended = e->end_is_ok = e->tolerant = e->damaged = false;
}
