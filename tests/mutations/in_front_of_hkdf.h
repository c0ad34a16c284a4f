#pragma once

#include "tests/mutations/in_front_of_library.h"

namespace waxwing::mutations {

// What the library derives keys from.
struct HkdfCall {
  Bytes material;
  Bytes salt;
  std::string info;
};
// The fault.
void alter(HkdfCall& call);

}  // namespace waxwing::mutations

extern "C" ssize_t hkdf_derive_secrets(hkdf_context* context, std::uint8_t** output, const std::uint8_t* material,
                                       std::size_t materialSize, const std::uint8_t* salt, std::size_t saltSize,
                                       const std::uint8_t* info, std::size_t infoSize, std::size_t outputSize) {
  waxwing::mutations::HkdfCall call{
      {material, material + materialSize}, {salt, salt + saltSize}, {info, info + infoSize}};
  waxwing::mutations::alter(call);
  return OF_LIBRARY(hkdf_derive_secrets)(context, output, call.material.data(), call.material.size(), call.salt.data(),
                                         call.salt.size(), reinterpret_cast<const std::uint8_t*>(call.info.data()),
                                         call.info.size(), outputSize);
}
