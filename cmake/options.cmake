option(STYLIZE_BUILD_TESTS "Build the tests (needs cmocka)" ${PROJECT_IS_TOP_LEVEL})
option(STYLIZE_WERROR "Treat warnings as errors" OFF)
set(STYLIZE_SANITIZE "" CACHE STRING "Sanitizers: \"\", \"address,undefined\" or \"thread\"")
set(STYLIZE_TORCH "" CACHE STRING
    "libtorch for the torch engine: \"\" (Debian's libtorch-dev if installed), OFF, or the path of a wheel's torch folder")

option(STYLIZE_CODECS "Read and write JPEG and PNG; without it pictures are pixels, and BMP files" ON)
option(STYLIZE_PLUGINS "Look for the torch engine's plugin at run time" ON)
option(STYLIZE_WEBP "Read and write WebP where libwebp is there" ON)
option(STYLIZE_LCMS2 "Convert colour profiles where lcms2 is there" ON)
option(STYLIZE_TIFF "Read TIFF where libtiff is there" ON)
option(STYLIZE_HEIF "Read AVIF and HEIC, write AVIF where libheif is there" ON)
option(STYLIZE_JXL "Read JPEG XL where libjxl is there" ON)
option(STYLIZE_GIF "Read GIF where giflib is there" ON)
option(STYLIZE_FFMPEG "Build stylize video where FFmpeg's libraries are there" ON)
option(STYLIZE_GIMP "Build the plug-in for GIMP 2.10 where its headers are there" ON)
option(STYLIZE_LETTERING "Write names on contact sheets where FreeType, fontconfig and FriBidi are there" ON)
option(STYLIZE_INSTALL_TORCHSCRIPT "Install the networks as TorchScript where there is no torch engine, too" OFF)
option(STYLIZE_UNITY "Compile the torch plugin as one file: the headers of libtorch are read once, not nine times" OFF)
option(STYLIZE_CUDA "Build the torch engine's CUDA half where nvcc and a torch with CUDA are there" ON)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# Whole loops over pixels gain from -O3 and ask for it (stylize_pixel_loops, the kernels); the rest only grows.
string(REPLACE "-O3" "-O2" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
function(stylize_pixel_loops)
    if(NOT STYLIZE_SANITIZE AND CMAKE_BUILD_TYPE STREQUAL "Release")
        set_property(SOURCE ${ARGN} TARGET_DIRECTORY stylize_objects APPEND PROPERTY COMPILE_OPTIONS -O3)
    endif()
endfunction()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # _GNU_SOURCE features of libc; the public header is plain C99
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# A build tree looks like an installed one, so that the library finds its models and plugins the same way.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

# What every C file of the project is compiled with.
add_library(stylize_flags INTERFACE)
target_compile_definitions(stylize_flags INTERFACE _GNU_SOURCE)
target_compile_options(stylize_flags INTERFACE -Wall -Wextra -Wno-unused-parameter
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Wvla>
    $<$<BOOL:${STYLIZE_WERROR}>:-Werror>)
if(STYLIZE_SANITIZE)
    target_compile_options(stylize_flags INTERFACE -fsanitize=${STYLIZE_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    target_link_options(stylize_flags INTERFACE -fsanitize=${STYLIZE_SANITIZE})
endif()
