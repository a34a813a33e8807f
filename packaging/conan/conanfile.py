"""Conan 2: conan create packaging/conan. Taken from the source tree that it lies in."""
import os
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load
from conan.tools.gnu import PkgConfigDeps
from conan.tools.cmake import CMakeDeps

FOLDERS = ("apps", "cmake", "docs", "examples", "include", "lib", "models", "shim")


class StylizeConan(ConanFile):
    name = "stylize"
    license = "Apache-2.0"
    description = "Repaints photographs in the style of artworks"
    topics = ("image", "style-transfer", "neural-network")
    package_type = "shared-library"
    languages = "C"
    settings = "os", "arch", "compiler", "build_type"
    options = {"with_webp": [True, False], "with_lcms2": [True, False], "with_tiff": [True, False], "with_gif": [True, False]}
    default_options = {"with_webp": True, "with_lcms2": True, "with_tiff": True, "with_gif": True}

    @property
    def _top(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        header = load(self, os.path.join(self._top, "include", "stylize", "stylize.h"))
        self.version = ".".join(re.search(rf"#define STYLIZE_VERSION_{p} (\d+)", header)[1] for p in ("MAJOR", "MINOR", "PATCH"))

    def export_sources(self):
        for folder in FOLDERS:
            copy(self, f"{folder}/*", self._top, self.export_sources_folder, excludes=("*.onnx",))
        for file in ("CMakeLists.txt", "LICENSE"):
            copy(self, file, self._top, self.export_sources_folder)

    def requirements(self):
        self.requires("libjpeg-turbo/[>=2.1 <4]")
        self.requires("libpng/[>=1.6 <2]")
        self.requires("jansson/[>=2.14 <3]")
        self.requires("xxhash/[>=0.8 <1]")
        if self.options.with_webp:
            self.requires("libwebp/[>=1.3 <2]")
        if self.options.with_lcms2:
            self.requires("lcms/[>=2.14 <3]")
        if self.options.with_tiff:
            self.requires("libtiff/[>=4.5 <5]")
        if self.options.with_gif:
            self.requires("giflib/[>=5.2 <6]")

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        switches = {"WEBP": self.options.with_webp, "LCMS2": self.options.with_lcms2, "TIFF": self.options.with_tiff,
                    "GIF": self.options.with_gif, "HEIF": False, "JXL": False, "FFMPEG": False, "LETTERING": False,
                    "BUILD_TESTS": False}
        for name, on in switches.items():
            toolchain.cache_variables[f"STYLIZE_{name}"] = bool(on)
        toolchain.cache_variables["STYLIZE_TORCH"] = "OFF"
        toolchain.generate()
        CMakeDeps(self).generate()
        PkgConfigDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_info(self):
        self.cpp_info.libs = ["stylize"]
        self.cpp_info.set_property("cmake_file_name", "stylize")
        self.cpp_info.set_property("cmake_target_name", "stylize::stylize")
        self.cpp_info.set_property("pkg_config_name", "stylize")
