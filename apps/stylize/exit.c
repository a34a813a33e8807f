#include "exit.h"

#include <signal.h>

#include "system.h"

atomic_int interrupted;

static void on_signal(int number) { interrupted = number; }

void catch_signals(void) { system_catch(on_signal); }

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
