# The commands of this project. The build itself is CMake's; everything here is a shorthand.
PREFIX ?= /usr/local
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
export JOBS

help:
	@echo "make demo      install what is missing, build, paint the photograph of the examples (3 minutes)"
	@echo "make check     install what is missing, build, run every test, also under sanitizers (12 minutes)"
	@echo "make build     build the release in build/release"
	@echo "make test      build the release and run its tests in parallel"
	@echo "make bench     measure against other runtimes (needs Python packages, installs them in build/)"
	@echo "make install   install the release to PREFIX ($(PREFIX)); DESTDIR works"
	@echo "make format    format the C and C++ files (clang-format 14)"
	@echo "make clean     remove what was built"

demo:
	@tools/setup.sh build
	@tools/build.sh demo -DCMAKE_BUILD_TYPE=Release -DSTYLIZE_TORCH=OFF -DSTYLIZE_BUILD_TESTS=OFF
	@examples/demo.sh build/demo

check:
	@tools/setup.sh build test --optional torch format
	@tools/check.sh

build:
	@tools/build.sh release

test: build
	@ctest --test-dir build/release -j$(JOBS) --output-on-failure

bench: build
	@tools/setup.sh bench
	@python3 tools/bench/peers.py

install: build
	@cmake --install build/release --prefix "$(PREFIX)"

format:
	@tests/package/format.sh . --fix

clean:
	@rm -rf build demo

.PHONY: help demo check build test bench install format clean
