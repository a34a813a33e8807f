# Why each is here, its licence and its state: docs/dependencies.md.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
if(STYLIZE_CODECS)
    find_package(JPEG REQUIRED)
    find_package(PNG REQUIRED)
endif()
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
if(STYLIZE_WEBP)
    pkg_check_modules(WEBP IMPORTED_TARGET libwebp)
endif()
if(STYLIZE_LCMS2)
    pkg_check_modules(LCMS2 IMPORTED_TARGET lcms2)
endif()
# Names on the command's contact sheets: the three together.
if(STYLIZE_LETTERING)
    pkg_check_modules(LETTERING IMPORTED_TARGET freetype2 fontconfig fribidi)
endif()
# More kinds of pictures to read. Each can be left out, also where its library is there.
if(STYLIZE_TIFF)
    pkg_check_modules(TIFF IMPORTED_TARGET libtiff-4>=4.5) # before it, errors could only go to the process's handler
endif()
if(STYLIZE_HEIF)
    pkg_check_modules(HEIF IMPORTED_TARGET libheif>=1.15)
endif()
if(STYLIZE_JXL)
    pkg_check_modules(JXL IMPORTED_TARGET libjxl>=0.7)
endif()
if(STYLIZE_FFMPEG) # films of the command; 5.1 of Debian 12 and later
    pkg_check_modules(FFMPEG IMPORTED_TARGET libavformat>=59.27 libavcodec>=59.37 libavutil>=57.28 libswscale>=6.7
        libavfilter>=8.44)
    pkg_check_modules(AVDEVICE IMPORTED_TARGET libavdevice>=59.7) # cameras
    if(WEBP_FOUND)
        pkg_check_modules(WEBPDEMUX IMPORTED_TARGET libwebpdemux) # animations, which FFmpeg does not read
    endif()
endif()
if(STYLIZE_GIF)
    find_package(GIF 5.1)
endif()
