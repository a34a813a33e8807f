#!/bin/sh
# Prints the folder of a torch with CUDA to build and load the plugin's CUDA half with, or nothing and a line on the
# standard error that says why there is none: one that is installed (find_torch.sh), else the wheel of PyPI.
# The wheel goes into build/torch-cuda once, with those of the libraries it needs that this machine's CUDA toolkit
# does not have. Only to link and load: nothing here needs a GPU. STYLIZE_CUDA_TORCH is a folder to take instead, or
# OFF. docs/gpu.md says what it takes of disk and time.
set -u
cd "$(dirname "$0")/.." || exit 1
version=2.15.0
folder=$PWD/build/torch-cuda
log=build/logs/torch-cuda.log

give_up() { echo "the CUDA half is not linked: $*" >&2; exit 0; }

case ${STYLIZE_CUDA_TORCH-} in
"") ;;
OFF) give_up "STYLIZE_CUDA_TORCH is OFF" ;;
*) echo "$STYLIZE_CUDA_TORCH"; exit 0 ;;
esac
nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
[ -x "$nvcc" ] || give_up "no torch with CUDA beside nvcc"
found=$(tools/find_torch.sh)
[ -z "$found" ] || { echo "$found"; exit 0; }

toolkit=$("$nvcc" --version | sed -n 's/.*release \([0-9]*\.[0-9]*\).*/\1/p')
wanted="torch $version, CUDA toolkit $toolkit"
# What was found out before about this torch and this toolkit.
if [ "$(head -n 1 "$folder/state" 2>/dev/null)" = "$wanted" ]; then
    why=$(sed -n 2p "$folder/state")
    [ -z "$why" ] || give_up "$why"
    echo "$folder/torch"
    exit 0
fi
python=build/venv/bin/python
[ -x "$python" ] || python=python3
"$python" -m pip --version >/dev/null 2>&1 || give_up "there is no pip"

# Unpacked beside its place: /tmp may be small. A network on which it takes longer than this is as good as none.
limit=600
install() {
    TMPDIR=$folder/tmp timeout "$limit" "$python" -m pip install -q --disable-pip-version-check --no-cache-dir \
        --no-compile --retries 1 --timeout 30 --only-binary=:all: --target "$folder" --upgrade "$@" >>"$log" 2>&1
}

# The wheels of what libtorch_cuda.so does not find, or finds too old: one for each library or symbol that is missing.
missing() {
    metadata=$(echo "$folder/torch-$version"*.dist-info/METADATA)
    bundle=$(sed -n 's/^Requires-Dist: cuda-toolkit\[.*\]\(==[0-9.]*\).*/\1/p' "$metadata" | head -n 1)
    ldd -r "$folder/torch/lib/libtorch_cuda.so" 2>&1 |
        sed -n 's/^[[:space:]]*\([^ ]*\) => not found/\1/p; s/^undefined symbol: \([^,[:space:]]*\).*/\1/p' |
        while read -r name; do
            case $name in
            libcudnn* | cudnn*) own=nvidia-cudnn ;;
            libcusparseLt* | cusparseLt*) own=nvidia-cusparselt ;;
            libnccl* | nccl*) own=nvidia-nccl ;;
            libnvshmem* | nvshmem*) own=nvidia-nvshmem ;;
            libcublas* | cublas*) own=cublas ;;
            libcudart* | cuda*) own=cudart ;;
            libcufft* | cufft*) own=cufft ;;
            libcufile* | cuFile*) own=cufile ;;
            libcupti* | cupti*) own=cupti ;;
            libcusolver* | cusolver*) own=cusolver ;;
            libcusparse* | cusparse*) own=cusparse ;;
            libnvJitLink* | *nvJitLink*) own=nvjitlink ;;
            libnvrtc* | nvrtc*) own=nvrtc ;;
            *) echo "? $name"; continue ;;
            esac
            case $own in
            nvidia-*) sed -n "s/^Requires-Dist: \($own-cu[0-9]*==[0-9.]*\).*/\1/p" "$metadata" ;;
            *) echo "cuda-toolkit[$own]$bundle" ;;
            esac
        done | sort -u
}

rm -rf "$folder"
mkdir -p "$folder/tmp" build/logs
: >"$log"
started=$(date +%s)
if ! install --no-deps "torch==$version"; then
    rm -rf "$folder"
    said=$(grep -v '^$' "$log" | tail -n 1 | cut -c -120)
    give_up "torch $version was not to be had: ${said:-it was not there within $limit s}"
fi
why=
cuda=$(sed -n "s/^cuda[^=]*= *'\([0-9.]*\)'.*/\1/p" "$folder/torch/version.py")
if [ "${cuda%%.*}" = "${toolkit%%.*}" ]; then
    for _ in 1 2; do
        wheels=$(missing)
        # shellcheck disable=SC2086
        [ -z "$wheels" ] || install $wheels
    done
    wheels=$(missing | tr '\n' ' ')
    [ -z "$wheels" ] || { rm -rf "$folder"; give_up "torch $version lacks ${wheels% }, see $log"; }
    rm -rf "$folder/tmp"
else
    why="nvcc is of CUDA $toolkit, torch $version of PyPI of CUDA ${cuda:-none}"
    rm -rf "$folder" # large, and of no use
    mkdir "$folder"
fi
printf '%s\n%s\n' "$wanted" "$why" >"$folder/state"
[ -z "$why" ] || give_up "$why"
echo "torch $version for CUDA $cuda is in build/torch-cuda ($(du -sh "$folder" | cut -f 1), $(($(date +%s) - started)) s)" >&2
echo "$folder/torch"
