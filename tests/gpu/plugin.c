/* The double in the place of the plugin's CUDA half. */
#include "double.h"

const stz_device_table *stz_device_table_get(void) { return double_table(); }
