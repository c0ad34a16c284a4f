#include "tools/vectors/kind.h"

namespace waxwing::vectors {
namespace {

std::vector<Kind> allKinds() {
  std::vector<Kind> all;
  for (const auto family : {primitiveKinds, keyKinds, textKinds, manifestKinds, deviceLinkKinds, publishedKeysKinds,
                            ratchetKinds, conversationKinds, transcriptKinds, senderKeyKinds, envelopeKinds, contentKinds}) {
    std::ranges::move(family(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

std::span<const Kind> kinds() {
  static const std::vector<Kind> all = allKinds();
  return all;
}

const Kind* findKind(std::string_view name) {
  const auto all = kinds();
  const auto found = std::ranges::find(all, name, &Kind::name);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace waxwing::vectors
