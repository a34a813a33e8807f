# What `cmake --install` writes besides what the folders install themselves (programs, plugins, models).
include(CMakePackageConfigHelpers)

install(TARGETS stylize EXPORT stylizeTargets
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT Runtime
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT Runtime NAMELINK_COMPONENT Development
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT Development)
install(FILES include/stylize/stylize.h include/stylize/embed.h include/stylize/sequence.h include/stylize/train.h
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/stylize" COMPONENT Development)

# Programs find the library beside them, wherever the tree is put.
file(RELATIVE_PATH from_bin "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
foreach(program stylize_cli stylize_video stylize_server)
    if(TARGET ${program})
        set_target_properties(${program} PROPERTIES INSTALL_RPATH "$ORIGIN/${from_bin}")
    endif()
endforeach()

if(TARGET stylize_frei0r)
    file(RELATIVE_PATH from_frei0r "${CMAKE_INSTALL_FULL_LIBDIR}/frei0r-1" "${CMAKE_INSTALL_FULL_LIBDIR}")
    set_target_properties(stylize_frei0r PROPERTIES INSTALL_RPATH "$ORIGIN/${from_frei0r}")
endif()

if(TARGET stylize_gimp)
    file(RELATIVE_PATH from_gimp "${CMAKE_INSTALL_FULL_LIBDIR}/gimp/2.0/plug-ins/stylize-gimp" "${CMAKE_INSTALL_FULL_LIBDIR}")
    set_target_properties(stylize_gimp PROPERTIES INSTALL_RPATH "$ORIGIN/${from_gimp}")
endif()

# pkg-config. Libraries that libstylize.so links privately; a program never needs them by itself.
set(STYLIZE_PC_REQUIRES libjpeg libpng zlib jansson)
foreach(optional WEBP:libwebp LCMS2:lcms2 TIFF:libtiff-4 HEIF:libheif JXL:libjxl)
    string(REPLACE ":" ";" optional "${optional}")
    list(GET optional 0 found)
    list(GET optional 1 module)
    if(${found}_FOUND)
        list(APPEND STYLIZE_PC_REQUIRES ${module})
    endif()
endforeach()
list(JOIN STYLIZE_PC_REQUIRES ", " STYLIZE_PC_REQUIRES)
# Found from the place of the file itself, so that an installed tree can be moved.
set(prefix "${CMAKE_INSTALL_PREFIX}")
file(RELATIVE_PATH STYLIZE_PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${prefix}")
file(RELATIVE_PATH STYLIZE_PC_LIBDIR "${prefix}" "${CMAKE_INSTALL_FULL_LIBDIR}")
file(RELATIVE_PATH STYLIZE_PC_INCLUDEDIR "${prefix}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
configure_file(cmake/stylize.pc.in stylize.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/stylize.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
    COMPONENT Development)

# CMake package: find_package(stylize), target stylize::stylize.
set(STYLIZE_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/stylize")
configure_package_config_file(cmake/stylizeConfig.cmake.in stylizeConfig.cmake
    INSTALL_DESTINATION "${STYLIZE_CMAKE_DIR}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the interface, so only the same one satisfies a request.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/stylizeConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/stylizeConfig.cmake" "${PROJECT_BINARY_DIR}/stylizeConfigVersion.cmake"
    DESTINATION "${STYLIZE_CMAKE_DIR}" COMPONENT Development)
install(EXPORT stylizeTargets NAMESPACE stylize:: DESTINATION "${STYLIZE_CMAKE_DIR}" COMPONENT Development)

# Documents and the shells' completion of the command.
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES docs/stylize.1 DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" OPTIONAL)
if(TARGET stylize_server)
    install(FILES docs/stylize-server.8 DESTINATION "${CMAKE_INSTALL_MANDIR}/man8")
endif()
set(completions apps/stylize/completions)
install(FILES ${completions}/stylize.bash DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions"
    RENAME stylize OPTIONAL)
install(FILES ${completions}/_stylize DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" OPTIONAL)
install(FILES ${completions}/stylize.fish DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d"
    OPTIONAL)
