# cmake --install: everything where Debian expects it.  tests/style/install has
# the list.  DESTDIR is obeyed.

install(TARGETS skewguard RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(name skewguardd skewguard-mailer skewguard-clockd)
    if(TARGET ${name})
        install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
    endif()
endforeach()
install(TARGETS pam_skewguard
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/security
    PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
install(FILES pam/skewguard pam/skewguard-denied pam/skewguard-early
    DESTINATION ${CMAKE_INSTALL_DATADIR}/pam-configs)

foreach(page ${SG_MANUALS})
    string(REGEX REPLACE ".*\\." "" section ${page})
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
file(GLOB completions CONFIGURE_DEPENDS contrib/completions/*)
install(FILES ${completions}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
file(GLOB documents CONFIGURE_DEPENDS docs/*.md)
install(FILES README.md LICENSE ${documents} DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(units lib/systemd/system)
file(GLOB services CONFIGURE_DEPENDS systemd/*.service)
install(FILES ${services} DESTINATION ${units})
install(FILES systemd/skewguard-mailer-sendmail.conf
    DESTINATION ${units}/skewguard-mailer.service.d RENAME sendmail.conf)
# The program is called skewguardd, and so do people call its service.
install(CODE "
    set(alias \"\${CMAKE_INSTALL_PREFIX}/${units}/skewguardd.service\")
    file(CREATE_LINK skewguard.service \"\$ENV{DESTDIR}\${alias}\" SYMBOLIC)
    list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${alias}\")")
install(FILES systemd/50-skewguard.list DESTINATION lib/systemd/ntp-units.d)
install(FILES systemd/90-skewguard.preset DESTINATION lib/systemd/system-preset)
install(FILES systemd/skewguard.catalog DESTINATION lib/systemd/catalog)
foreach(name skewguard skewguard-clock)
    install(FILES systemd/${name}.sysusers DESTINATION lib/sysusers.d
        RENAME ${name}.conf)
endforeach()
install(FILES systemd/skewguard.tmpfiles DESTINATION lib/tmpfiles.d
    RENAME skewguard.conf)

# An administrator's configuration is left as it is.
install(CODE "
    set(etc \"\$ENV{DESTDIR}${CMAKE_INSTALL_FULL_SYSCONFDIR}/skewguard\")
    if(NOT EXISTS \"\${etc}/skewguard.conf\")
        file(INSTALL \"${PROJECT_SOURCE_DIR}/etc/skewguard.conf\"
            DESTINATION \"${CMAKE_INSTALL_FULL_SYSCONFDIR}/skewguard\")
    endif()")
