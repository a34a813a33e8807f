/*
 * The border between libstylize, which is C, and libtorch, which is C++. Rules of this folder:
 *
 *   1. The headers below are plain C99. Only pointers and numbers cross them; no C++ type, no exception,
 *      no memory that one side allocates and the other frees.
 *   2. Every function is noexcept. Those that can fail run inside one guard, which catches
 *      c10::Error, std::bad_alloc, std::exception and everything else, turns it into a code and
 *      copies one line of text into the caller's buffer. Nothing is printed; libtorch's warnings
 *      are dropped while the guard is up.
 *   3. The plugin is opened once, RTLD_NOW | RTLD_LOCAL, and never closed: libtorch does not stand
 *      it. STZ_TORCH_ABI is asked for first and must be equal on both sides; open compares the
 *      version the plugin was built with to the one that runs.
 *   4. Exported are the functions of these headers and nothing else (shim.map, symbols.txt).
 *   5. All functions may be called by several threads at once, on one net too, except close and
 *      unload, which are the last call on their object. Forward runs in c10::InferenceMode.
 *   6. Compiles against libtorch 1.13 and later, with and without CUDA: no CUDA library is linked,
 *      devices are reached through tensors. The caller opens libtorch_cuda when it wants one.
 */
#ifndef STZ_TORCH_SHIM_H
#define STZ_TORCH_SHIM_H

#include "net.h"
#include "optimize/optimize.h"
#include "torch.h"

#endif
