#pragma once

// The seam where libsignal-protocol-c multiplies points. Its own curve25519_donna is a portable reference of 32-bit
// limbs; a program that defines a function of that name takes its place, because the shared library calls it through
// its procedure linkage table. Ours is libsodium's: five times faster, in constant time, and it refuses points of low
// order where they would do harm (hardening H2). Internal to session/*.cc, but for tests and tools.
namespace waxwing {

enum class SignalCurve {
  kSodium,
  kLibrary,  // the linker or loader kept the library's own: slower, and as correct behind the key gate
};

// Which one the library reaches in this process; found out by asking it once, with a known answer (RFC 7748 §6.1).
// Throws std::logic_error if the answer is wrong: nothing may be computed then.
SignalCurve signalCurve();

}  // namespace waxwing
