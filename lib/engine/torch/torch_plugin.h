/*
 * The torch engine's plugin, libstylize_torch.so: where it is, and its functions once it is in the
 * process. It is opened on first use, by whichever context asks first, and stays until the process
 * ends, because libtorch cannot be unloaded.
 */
#ifndef STZ_TORCH_PLUGIN_H
#define STZ_TORCH_PLUGIN_H

#include "../../../shim/device.h"
#include "base/os.h"
#include "engine/devices.h"
#include "engine/engine.h"

typedef struct stz_torch_plugin {
    char path[1024];
    __typeof__(stz_torch_abi) *abi;
    __typeof__(stz_torch_cuda_count) *cuda_count;
    __typeof__(stz_torch_open) *open;
    __typeof__(stz_torch_close) *close;
    __typeof__(stz_torch_load) *load;
    __typeof__(stz_torch_unload) *unload;
    __typeof__(stz_torch_bytes) *bytes;
    __typeof__(stz_torch_encode) *encode;
    __typeof__(stz_torch_apply) *apply;
    __typeof__(stz_torch_input_form) *input_form;
    __typeof__(stz_torch_forward) *forward;
    __typeof__(stz_torch_drop) *drop;
    __typeof__(stz_torch_loss_load) *loss_load;
    __typeof__(stz_torch_loss_unload) *loss_unload;
    __typeof__(stz_torch_optimize) *optimize;
} stz_torch_plugin;

/* Its path, without loading anything. Looks in the folder of the environment variable
 * STYLIZE_PLUGINS and nowhere else if that is set, then in stylize/ beside the library, then where
 * it is installed. NOT_FOUND says what to install; UNSUPPORTED: another libtorch is in the way. */
stylize_status stz_torch_plugin_find(char *path, size_t size, stylize_error *err);

/* The loaded plugin; the pointer is valid for ever. */
stylize_status stz_torch_plugin_get(const stz_torch_plugin **out, stylize_error *err);

/* The file of the libtorch_cpu that is in the process, or false. */
bool stz_torch_loaded(char *path, size_t size);

typedef struct stz_torch_devices {
    const stz_device_table *table; /* NULL: the CPU */
    int count, index[STZ_CUDA_DEVICES];
    char name[64];  /* in words */
    char note[128]; /* why "auto" is the CPU */
} stz_torch_devices;

/* Chooses the devices that a text names. Loads the plugin's CUDA half and libtorch's if need be, so it comes
 * before everything else that is asked of the plugin. INVALID, UNSUPPORTED. */
stylize_status stz_torch_find_devices(const stz_torch_plugin *plugin, const char *device,
                                      stz_torch_devices *out, stylize_error *err);

#endif
