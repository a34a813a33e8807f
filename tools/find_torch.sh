#!/bin/sh
# Prints the folder of a torch with CUDA that is installed here, or nothing: that of STYLIZE_TORCH_PYTHON, of
# python3, or of the environment that `make bench` makes. Looks only where nvcc is there to go with it.
cd "$(dirname "$0")/.." || exit 0
command -v nvcc >/dev/null || [ -x /usr/local/cuda/bin/nvcc ] || exit 0
for python in ${STYLIZE_TORCH_PYTHON-} python3 build/bench-venv/bin/python; do
    folder=$("$python" -c 'import importlib.util as u
s = u.find_spec("torch")
print(s.submodule_search_locations[0] if s else "")' 2>/dev/null) || continue
    [ -f "$folder/lib/libtorch_cuda.so" ] && echo "$folder" && exit 0
done
exit 0
