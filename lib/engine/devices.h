/* Names of CUDA devices. */
#ifndef STZ_DEVICES_H
#define STZ_DEVICES_H

#define STZ_CUDA_DEVICES 16 /* in one context */

/* Which devices "cuda", "cuda:N", "cuda:N,M" or "cuda:all" names: their number, 0 for all; -1: it is none of
 * these. */
int stz_cuda_devices(const char *text, int index[STZ_CUDA_DEVICES]);

#endif
