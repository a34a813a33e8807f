#include "engine/devices.h"

#include <stdlib.h>
#include <string.h>

int stz_cuda_devices(const char *text, int index[STZ_CUDA_DEVICES])
{
    if (strcmp(text, "cuda") == 0) {
        index[0] = 0;
        return 1;
    }
    if (strncmp(text, "cuda:", 5) != 0)
        return -1;
    if (strcmp(text + 5, "all") == 0)
        return 0;
    int n = 0;
    for (const char *p = text + 5;; p++) {
        const size_t digits = strspn(p, "0123456789");
        if (digits < 1 || digits > 3 || n == STZ_CUDA_DEVICES)
            return -1;
        index[n] = atoi(p);
        for (int i = 0; i < n; i++)
            if (index[i] == index[n])
                return -1;
        n++;
        p += digits;
        if (!*p)
            return n;
        if (*p != ',')
            return -1;
    }
}
