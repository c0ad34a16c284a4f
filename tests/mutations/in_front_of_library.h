#pragma once

#include <dlfcn.h>
#include <signal/hkdf.h>
#include <signal/protocol.h>
#include <signal/signal_protocol_types.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "crypto/bytes.h"

// For faults in libsignal-protocol-c, which is not built here. Its calls go through the table of dynamic symbols, where
// a function of the program stands in front of the library's: a fault in faults.toml appends such a function to
// session/signal_curve.cc. This header is part of no other build.
namespace waxwing::mutations {

template <typename Function>
Function* ofLibrary(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace waxwing::mutations

// The library's own function behind the one that stands in front.
#define OF_LIBRARY(function) waxwing::mutations::ofLibrary(&function, #function)
