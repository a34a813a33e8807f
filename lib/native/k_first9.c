#include "k_internal.h"
#include "k_table.h"
void K(first9)(void *arg, int item, void *scratch) {}
