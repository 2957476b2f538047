# What is installed, and the Debian package of it: `cpack -G DEB` in a build directory, or
# scripts/package.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON) # a package needs no tests; scripts/package builds weir
install(TARGETS weir RUNTIME DESTINATION sbin)

# Manuals and changelogs are compressed without a time stamp, so that the same tree makes the same
# package.
function(weir_install_compressed source name destination)
  set(made ${CMAKE_BINARY_DIR}/package/${name}.gz)
  install(CODE "file(MAKE_DIRECTORY \"${CMAKE_BINARY_DIR}/package\")
execute_process(COMMAND gzip -9nc \"${source}\" OUTPUT_FILE \"${made}\" COMMAND_ERROR_IS_FATAL ANY)")
  install(FILES ${made} DESTINATION ${destination})
endfunction()

# There is no address yet that anybody answers at (RFC 2606).
set(WEIR_MAINTAINER "The Weir developers <weir@weir.invalid>")
execute_process(COMMAND date -R --date=@0 OUTPUT_VARIABLE WEIR_PACKAGE_DATE
                OUTPUT_STRIP_TRAILING_WHITESPACE)
configure_file(packaging/debian/changelog.in package/changelog @ONLY)
weir_install_compressed(${CMAKE_SOURCE_DIR}/docs/man/weir.8 weir.8 share/man/man8)
weir_install_compressed(${CMAKE_SOURCE_DIR}/docs/man/weir.toml.5 weir.toml.5 share/man/man5)
weir_install_compressed(${CMAKE_SOURCE_DIR}/CHANGELOG.md NEWS.md share/doc/weir)
weir_install_compressed(${CMAKE_BINARY_DIR}/package/changelog changelog share/doc/weir)
file(READ LICENSE WEIR_LICENSE)
file(WRITE ${CMAKE_BINARY_DIR}/package/copyright "${WEIR_LICENSE}\nOn Debian systems the text of the \
GNU General Public License, version 2, is in /usr/share/common-licenses/GPL-2.\n")
install(FILES ${CMAKE_BINARY_DIR}/package/copyright DESTINATION share/doc/weir)
install(FILES packaging/weir.bash DESTINATION share/bash-completion/completions RENAME weir)
install(FILES packaging/sysusers.conf DESTINATION lib/sysusers.d RENAME weir.conf)
install(FILES packaging/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME weir.conf)
install(FILES packaging/weir.service DESTINATION /lib/systemd/system)
install(FILES packaging/weir.toml DESTINATION /etc/weir)
install(FILES packaging/logrotate.conf DESTINATION /etc/logrotate.d RENAME weir)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_NAME weir)
set(CPACK_PACKAGE_CONTACT "${WEIR_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "throttle of eager web clients at the network card")
set(CPACK_PACKAGE_DESCRIPTION
    "An XDP program meters every client of a web server; whoever is over the limit\n\
is first slowed down and then turned away, before the kernel has made a socket\n\
buffer for the packet. An agent sets the limits, keeps the bans and tells what\n\
goes on. It starts by touching nothing.")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
    GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "iproute2")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, bpftool, logrotate")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
file(WRITE ${CMAKE_BINARY_DIR}/package/conffiles
     "/etc/weir/weir.toml\n/etc/logrotate.d/weir\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${CMAKE_SOURCE_DIR}/packaging/debian/postinst;${CMAKE_SOURCE_DIR}/packaging/debian/prerm;\
${CMAKE_SOURCE_DIR}/packaging/debian/postrm;${CMAKE_BINARY_DIR}/package/conffiles")
include(CPack)
