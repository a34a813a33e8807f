#include "font.h"

#include <stddef.h>

#include "common/language.h"

/*
 * A glyph is drawn with a round pen along its strokes, so it is sharp at every size. A point is
 * two characters: 'A' + x, 'a' + y, in units of which a capital is 12 high: its top is y = 0 (a),
 * the top of small letters 4 (e), the baseline 12 (m), descenders end at 16 (q). Points are joined
 * by lines; "(" makes the next point the control point of a quadratic curve to the one after it;
 * a blank begins a new stroke; a stroke of one point is a dot.
 */
static const struct {
    int width;
    const char *strokes;
} glyphs[] = {
    {3, ""},                                                        /* blank */
    {0, "AaAi Am"},                                                 /* ! */
    {3, "AaAd DaDd"},                                               /* " */
    {8, "DaBm HaFm AeIe AiIi"},                                     /* # */
    {8, "Hc(GaEa(AaAd(AgEg(IgIj(ImEm(BmAk EaEn"},                   /* $ */
    {10, "Ca(EaEc(EeCe(AeAc(AaCa Ii(KiKk(KmIm(GmGk(GiIi JaBm"},     /* % */
    {9, "JmCe(BaEa(GaGc(GeDg(AhAj(AmDm(HmJh"},                      /* & */
    {0, "AaAd"},                                                    /* ' */
    {3, "Da(AcAg(AkDm"},                                            /* ( */
    {3, "Aa(DcDg(DkAm"},                                            /* ) */
    {6, "DaDg AbGf GbAf"},                                          /* * */
    {8, "EdEl AhIh"},                                               /* + */
    {1, "BlAo"},                                                    /* , */
    {5, "AhFh"},                                                    /* - */
    {0, "Am"},                                                      /* . */
    {6, "GaAm"},                                                    /* / */
    {8, "Ea(IaIg(ImEm(AmAg(AaEa"},                                  /* 0 */
    {4, "AdEaEm"},                                                  /* 1 */
    {8, "Ad(AaEa(IaId(IfGhAmIm"},                                   /* 2 */
    {8, "Ac(BaEa(HaHd(HgEg(IgIj(ImEm(BmAk"},                        /* 3 */
    {8, "GmGaAiIi"},                                                /* 4 */
    {8, "HaBaBf(CeEe(IeIi(ImEm(BmAk"},                              /* 5 */
    {8, "Hb(GaFa(AaAi(AmEm(ImIi(IeEe(AeAi"},                        /* 6 */
    {8, "AaIaDm"},                                                  /* 7 */
    {8, "Ea(HaHd(HgEg(BgBd(BaEa Eg(IgIj(ImEm(AmAj(AgEg"},           /* 8 */
    {8, "Ie(IiEi(AiAe(AaEa(IaIe(ImDm(CmBl"},                        /* 9 */
    {0, "Af Am"},                                                   /* : */
    {1, "Bf BlAo"},                                                 /* ; */
    {7, "HdAhHl"},                                                  /* < */
    {8, "AfIf AjIj"},                                               /* = */
    {7, "AdHhAl"},                                                  /* > */
    {7, "Ac(BaDa(HaHd(HfEgDhDi Dm"},                                /* ? */
    {11, "If(IdFd(CdCg(CjFj(IjIf IdIi(IjJj(LjLg(LaGa(AaAg(AmGmJm"}, /* @ */
    {8, "AmEaIm BiHi"},                                             /* A */
    {7, "AgAaDa(GaGd(GgDgAgAmEm(HmHj(HgEgDg"},                      /* B */
    {8, "Id(HaEa(AaAg(AmEm(HmIj"},                                  /* C */
    {8, "AaAmDm(ImIg(IaDaAa"},                                      /* D */
    {6, "GaAaAmGm AgFg"},                                           /* E */
    {6, "GaAaAm AgFg"},                                             /* F */
    {8, "Id(HaEa(AaAg(AmEm(ImIgFg"},                                /* G */
    {8, "AaAm IaIm AgIg"},                                          /* H */
    {0, "AaAm"},                                                    /* I */
    {5, "FaFj(FmDm(AmAk"},                                          /* J */
    {7, "AaAm HaAi DfHm"},                                          /* K */
    {6, "AaAmGm"},                                                  /* L */
    {10, "AmAaFjKaKm"},                                             /* M */
    {8, "AmAaImIa"},                                                /* N */
    {10, "Fa(KaKg(KmFm(AmAg(AaFa"},                                 /* O */
    {7, "AmAaDa(HaHd(HgDgAg"},                                      /* P */
    {10, "Fa(KaKg(KmFm(AmAg(AaFa GjKm"},                            /* Q */
    {7, "AmAaDa(HaHd(HgDgAg DgHm"},                                 /* R */
    {8, "Hc(GaEa(AaAd(AgEg(IgIj(ImEm(BmAk"},                        /* S */
    {8, "AaIa EaEm"},                                               /* T */
    {8, "AaAi(AmEm(ImIiIa"},                                        /* U */
    {8, "AaEmIa"},                                                  /* V */
    {12, "AaDmGcJmMa"},                                             /* W */
    {8, "AaIm IaAm"},                                               /* X */
    {8, "AaEgIa EgEm"},                                             /* Y */
    {8, "AaIaAmIm"},                                                /* Z */
    {3, "DaAaAmDm"},                                                /* [ */
    {6, "AaGm"},                                                    /* \ */
    {3, "AaDaDmAm"},                                                /* ] */
    {6, "AeDaGe"},                                                  /* ^ */
    {8, "AnIn"},                                                    /* _ */
    {2, "AaCc"},                                                    /* ` */
    {8, "Ee(IeIi(ImEm(AmAi(AeEe IeIm"},                             /* a */
    {8, "AaAm Ee(IeIi(ImEm(AmAi(AeEe"},                             /* b */
    {7, "Hg(GeEe(AeAi(AmEm(GmHk"},                                  /* c */
    {8, "IaIm Ee(IeIi(ImEm(AmAi(AeEe"},                             /* d */
    {8, "AiIi(IeEe(AeAi(AmEm(HmIk"},                                /* e */
    {5, "FaEa(CaCdCm AeFe"},                                        /* f */
    {8, "Ee(IeIi(ImEm(AmAi(AeEe IeIm(IqEq(BqAp"},                   /* g */
    {7, "AaAm Ai(AeEe(HeHhHm"},                                     /* h */
    {0, "AeAm Ab"},                                                 /* i */
    {3, "DeDn(DqBqAq Db"},                                          /* j */
    {6, "AaAm GeAj ChGm"},                                          /* k */
    {2, "AaAk(AmCm"},                                               /* l */
    {12, "AeAm Ah(AeDe(GeGhGm Gh(GeJe(MeMhMm"},                     /* m */
    {7, "AeAm Ai(AeEe(HeHhHm"},                                     /* n */
    {8, "Ee(IeIi(ImEm(AmAi(AeEe"},                                  /* o */
    {8, "AeAq Ee(IeIi(ImEm(AmAi(AeEe"},                             /* p */
    {8, "IeIq Ee(IeIi(ImEm(AmAi(AeEe"},                             /* q */
    {5, "AeAm Ai(AeEeFe"},                                          /* r */
    {6, "Gf(FeDe(AeAg(AiDi(GiGk(GmDm(BmAl"},                        /* s */
    {5, "CbCj(CmFm AeFe"},                                          /* t */
    {7, "AeAj(AmDm(HmHi HeHm"},                                     /* u */
    {6, "AeDmGe"},                                                  /* v */
    {10, "AeDmFfHmKe"},                                             /* w */
    {6, "AeGm GeAm"},                                               /* x */
    {6, "AeDm GeDmCo(BqAq"},                                        /* y */
    {6, "AeGeAmGm"},                                                /* z */
    {4, "Ea(CaCcCe(CgAg(CgCiCk(CmEm"},                              /* { */
    {0, "AaAn"},                                                    /* | */
    {4, "Aa(CaCcCe(CgEg(CgCiCk(CmAm"},                              /* } */
    {8, "Ai(BfEh(HjIg"},                                            /* ~ */
};

const char *font_glyph(char c, int *width)
{
    const unsigned index = (unsigned)(unsigned char)c - ' ';
    if (index >= APP_LEN(glyphs))
        return NULL;
    *width = glyphs[index].width;
    return glyphs[index].strokes;
}
