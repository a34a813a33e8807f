#include "k_internal.h"
#include "k_table.h"
void K(last9)(void *arg, int item, void *scratch) {}
