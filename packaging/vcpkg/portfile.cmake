# An overlay port: vcpkg install stylize --overlay-ports=packaging/vcpkg. Takes the source tree that it lies in; a port of
# the registry would fetch a release instead.
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS features
    FEATURES
        gif STYLIZE_GIF
        lcms2 STYLIZE_LCMS2
        tiff STYLIZE_TIFF
        webp STYLIZE_WEBP)

vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS ${features} -DSTYLIZE_TORCH=OFF -DSTYLIZE_HEIF=OFF -DSTYLIZE_JXL=OFF -DSTYLIZE_FFMPEG=OFF
        -DSTYLIZE_LETTERING=OFF -DSTYLIZE_BUILD_TESTS=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/stylize)
vcpkg_fixup_pkgconfig()
vcpkg_copy_tools(TOOL_NAMES stylize AUTO_CLEAN)
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
