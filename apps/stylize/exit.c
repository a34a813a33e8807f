#include "exit.h"

#include <signal.h>
#include <stddef.h>

atomic_int interrupted;

static void on_signal(int number) { interrupted = number; }

void catch_signals(void)
{
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL); /* a closed pipe is an error of the write */
}

int exit_by_status(stylize_status status)
{
    switch (status) {
    case STYLIZE_OK:
        return EXIT_DONE;
    case STYLIZE_ERR_INVALID:
    case STYLIZE_ERR_IO:
    case STYLIZE_ERR_FORMAT:
    case STYLIZE_ERR_LIMIT:
        return EXIT_INPUT;
    case STYLIZE_ERR_CANCELLED:
        return EXIT_SIGNAL + (interrupted ? interrupted : SIGINT);
    default:
        return EXIT_ENGINE;
    }
}
