# The commands of this project. The build itself is CMake's; everything here is a shorthand.
PREFIX ?= /usr/local
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
FLEET_SECONDS ?= 600
export JOBS

help:
	@echo "make demo      install what is missing, build, paint the photograph of the examples (3 minutes)"
	@echo "make check     install what is missing, build, run every test, also under sanitizers (25 minutes or more on two cores)"
	@echo "make build     build the release in build/release"
	@echo "make test      build the release and run its tests in parallel"
	@echo "make bench     measure against other runtimes (needs Python packages, installs them in build/)"
	@echo "make bench-server  measure stylize-server beside a Flask service on PyTorch (installs it in build/)"
	@echo "make fleet-demo  ten minutes of a fleet under load, parts killed; FLEET_SECONDS=60 is enough to see it"
	@echo "make bench-quality  paintings beside those of published networks (QUALITY_WEIGHTS=folder; see docs/quality.md)"
	@echo "make bench-video  frames a second and flicker of sequences, on clips whose motion is known"
	@echo "make bench-gpu measure on a CUDA device, beside PyTorch and ONNX Runtime"
	@echo "make test-gpu  run the tests for a CUDA device; make sanitize-gpu runs them in compute-sanitizer"
	@echo "make web       the page that paints in the browser, for any static host: build/web/site (needs emscripten)"
	@echo "make windows   the command and library for Windows x64 as a .zip and a wheel: build/windows/dist (needs mingw-w64)"
	@echo "make deb       Debian packages, read by lintian: build/deb (on Debian)"
	@echo "make wheels    Python wheels for Linux with glibc 2.28, x86-64 and ARM64: build/wheels (gets zig from PyPI)"
	@echo "make check-optional  the tests of pictures in builds that lack an optional library each, and all of them"
	@echo "make check-platforms  the tests of what other platforms get: musl, Windows, packages, GIMP, the browser; see docs/platforms.md"
	@echo "make install   install the release to PREFIX ($(PREFIX)); DESTDIR works"
	@echo "make format    format the C and C++ files (clang-format 14)"
	@echo "make clean     remove what was built"

demo:
	@tools/setup.sh build --optional formats names
	@tools/build.sh demo -DCMAKE_BUILD_TYPE=Release -DSTYLIZE_TORCH=OFF -DSTYLIZE_BUILD_TESTS=OFF
	@tools/demo.sh build/demo

check:
	@tools/setup.sh build test --optional formats names film torch format clang python page deploy train
	@tools/python_env.sh
	@tests/deploy/tools.sh & tools/check.sh

build:
	@tools/build.sh release

test: build
	@ctest --test-dir build/release -j$(JOBS) --output-on-failure

bench: build
	@tools/setup.sh bench
	@python3 tools/bench/peers.py
	@build/bench-venv/bin/python tools/bench/gradients.py

bench-server: build
	@tools/setup.sh bench bench-server
	@python3 tools/bench/server.py $(ARGS)

QUALITY_WEIGHTS ?= none
bench-quality: build
	@tools/setup.sh bench
	@tools/bench/quality.sh "$(QUALITY_WEIGHTS)"

bench-video: build
	@tools/setup.sh bench
	@tools/bench/video.sh $(ARGS)

gpu:
	@torch=$${STYLIZE_TORCH:-$$(tools/torch_cuda.sh)}; \
	if [ -z "$$torch" ]; then echo "gpu: there is no torch with CUDA; see docs/gpu.md"; exit 1; fi; \
	tools/build.sh gpu -DCMAKE_BUILD_TYPE=Release -DSTYLIZE_BUILD_TESTS=ON "-DSTYLIZE_TORCH=$$torch"

test-gpu: gpu
	@ctest --test-dir build/gpu -L gpu --output-on-failure

sanitize-gpu: gpu
	@tools/sanitize_gpu.sh build/gpu

bench-gpu: gpu
	@python3 tools/bench/gpu.py

web:
	@tools/setup.sh build --optional platforms
	@tools/platforms/web.sh

windows:
	@tools/setup.sh build --optional platforms
	@tools/platforms/windows.sh

deb:
	@tools/setup.sh build formats film packages
	@tools/platforms/deb.sh

wheels:
	@tools/setup.sh build --optional platforms
	@tools/platforms/wheels.sh

check-optional:
	@tools/setup.sh build test --optional formats names
	@tools/check_optional.sh $(NAMES)

check-platforms: build
	@tools/setup.sh build test --optional formats film names platforms packages python page
	@tools/python_env.sh
	@tools/platforms/check.sh

install: build
	@cmake --install build/release --prefix "$(PREFIX)"

format:
	@tests/package/format.sh . --fix

fleet-demo: build
	@tools/setup.sh python deploy
	@tools/fleet/run.sh --seconds $(FLEET_SECONDS)

container-check:
	@python3 tools/deploy/container.py

clean:
	@rm -rf build demo

.PHONY: help demo check build test bench bench-quality bench-server bench-video gpu test-gpu sanitize-gpu bench-gpu install format fleet-demo \
    container-check web windows deb wheels check-optional check-platforms clean
