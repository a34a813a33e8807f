/* What C lacks. */
#ifndef APPS_LANGUAGE_H
#define APPS_LANGUAGE_H

#define APP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define APP_LEN(a)       (sizeof(a) / sizeof *(a))

#endif
