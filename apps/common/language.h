/* What C lacks. */
#ifndef APPS_LANGUAGE_H
#define APPS_LANGUAGE_H

#ifdef __MINGW32__ /* its printf is that of C, but the compiler takes it for Microsoft's */
#define APP_PRINTF(f, a) __attribute__((format(gnu_printf, f, a)))
#else
#define APP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#endif
#define APP_LEN(a)       (sizeof(a) / sizeof *(a))

#endif
