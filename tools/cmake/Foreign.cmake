# The foreign libraries, found once. Each is linked by one room only (docs/architecture.md).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(CapnProto REQUIRED)
find_package(tl-expected REQUIRED)

pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(SIGNAL REQUIRED IMPORTED_TARGET libsignal-protocol-c)
pkg_check_modules(SQLCIPHER REQUIRED IMPORTED_TARGET sqlcipher)
if(SQLCIPHER_VERSION VERSION_LESS 3.0)
  message(STATUS "sqlcipher.pc reports ${SQLCIPHER_VERSION}; the version is checked at run time as well")
endif()
