#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "crypto/curve.h"
#include "crypto/ids.h"
#include "crypto/ports.h"
#include "session/own_device.h"
#include "session/published_keys.h"
#include "session/service_time.h"
#include "store/client/pre_key_table.h"

namespace waxwing {

// This device's own pre-keys and seal keys, private halves included: made, published, rotated every 48 h, destroyed
// when no relay can still hold a message for them (docs/protocol.md §2).
class PreKeys {
 public:
  PreKeys(Database& db, const OwnDevice& self, const Clock& clock, Random& random);

  struct Publication {
    Bytes signedKeys;
    std::vector<OneTimeKey> oneTime;
    bool replaceAll = false;
    std::uint64_t counter = 0;
  };
  enum class Occasion {
    kRoutine,   // rotates if 48 h have passed, refills below 25, replaces a stock of 30 days, else nothing is due
    kRestored,  // after a restore of either side: everything anew
  };
  // What the relay says it holds.
  struct RelayStatus {
    std::uint64_t counter = 0;
    std::uint32_t oneTimeKeys = 0;
  };
  // nullopt if nothing is due. The new keys are in the database before they are published.
  std::optional<Publication> prepare(Transaction& transaction, Occasion occasion, const RelayStatus& relay);
  // When `prepare(kRoutine)` is worth calling again.
  WallTime nextDue();

  std::optional<CurveKeyPair> findSealKey(std::uint32_t id);
  // Destroys what was replaced retention plus 32 days ago by service time, and what is remembered of messages as old.
  // To be called every other day or so.
  void destroyExpired(Transaction& transaction);

  // The private halves, for the ratchet alone.
  PreKeyTable& table() { return table_; }

 private:
  PreKeyTable::Publication firstPublication();
  void rotate(PreKeyTable::Publication& publication, WallTime destroyAt);
  std::vector<OneTimeKey> makeOneTime(PreKeyTable::Publication& publication, std::uint32_t count);
  Bytes signCurrent(const PreKeyTable::Publication& publication, WallTime now);

  const OwnDevice& self_;
  const Clock& clock_;
  Random& random_;
  ServiceTime time_;
  PreKeyTable table_;
};

}  // namespace waxwing
