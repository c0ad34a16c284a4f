#include "tools/waxwing/process_safety.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace waxwing::tool {

void protectProcess() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__  // whose leak check attaches to this process
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
  ::umask(0077);
}

}  // namespace waxwing::tool
