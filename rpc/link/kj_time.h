#pragma once

#include <kj/time.h>

#include <chrono>

namespace waxwing {

inline kj::Duration kjDuration(std::chrono::milliseconds span) { return span.count() * kj::MILLISECONDS; }

}  // namespace waxwing
