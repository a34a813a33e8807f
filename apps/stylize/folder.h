/* Many pictures: the library's queue is kept filled, what is done is written at once. */
#ifndef CLI_FOLDER_H
#define CLI_FOLDER_H

#include "args.h"

int paint_folder(const cli_args *args);

#endif
