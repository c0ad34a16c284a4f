#pragma once

#include <cstdint>

#include "tests/support/test_device.h"

namespace waxwing::bench {

// Bob, with a session and five archived ones with a device of Alice, and forged messages in its name: whole batches of
// them in one transaction each, as the inbox takes them.
class Forgeries {
 public:
  Forgeries();

  struct Cost {
    double seconds = 0;        // of this process's processor time
    std::size_t deferred = 0;  // left for the slow queue; by that, turned away
  };
  // `count` messages whose place in their chain is `counter`. At once, as the inbox does it: a little effort, until the
  // budget is used up. Late: what the slow queue does of those, at full effort until its own is.
  Cost atOnce(std::size_t count, std::uint32_t counter);
  Cost late(std::size_t count, std::uint32_t counter);

 private:
  template <typename EffortOf>
  Cost receive(std::size_t count, std::uint32_t counter, EffortOf effortOf);

  ManualClock clock_{testing::kTestStart};
  SeededRandom random_{3};
  testing::TestDevice alice_{1, clock_};
  testing::TestDevice bob_{2, clock_};
};

}  // namespace waxwing::bench
