#pragma once

#include <string>
#include <vector>

#include "session/content.capnp.h"
#include "session/content.h"
#include "session/segment.h"

// Between session/content.h's values and the messages of session/content.capnp. Internal to session/content*.cc.
namespace waxwing {

// Reads a stranger's message field by field. The first thing wrong is kept and everything else reads as empty:
// read everything, then ask `error()` once.
class ContentDecoder {
 public:
  const std::optional<Error>& error() const { return error_; }

  Head head(wire::Head::Reader in);
  // `whole`: what an unsupported body keeps.
  Body body(wire::Body::Reader in, ByteView whole);

 private:
  void refuse(Errc code, const char* what);
  // The list's size, 0 if it is over `most`.
  capnp::uint count(capnp::uint size, std::size_t most);

  template <typename Fixed>
  Fixed fixed(capnp::Data::Reader in);
  template <typename Fixed>
  std::vector<Fixed> fixedList(capnp::List<capnp::Data>::Reader in, std::size_t most);
  std::string text(capnp::Text::Reader in, std::size_t mostBytes);
  AccountId account(capnp::Data::Reader in);
  DeviceAddress address(wire::Address::Reader in);
  StreamMark mark(wire::Mark::Reader in);
  ManifestRef manifestRef(wire::ManifestRef::Reader in);
  MessageRef reference(wire::Reference::Reader in);
  std::optional<AccessKey> accessKey(capnp::Data::Reader in);
  std::vector<AccessKey> accessKeys(capnp::List<capnp::Data>::Reader in, std::size_t most);
  std::uint64_t made(std::uint64_t when);
  std::optional<RelayAddress> relay(capnp::Text::Reader in);
  body::ResendRange range(wire::ResendRequest::Range::Reader in);
  std::vector<body::ResendRange> ranges(capnp::List<wire::ResendRequest::Range>::Reader in);

  body::Attachments attachments(capnp::List<wire::Attachment>::Reader in);
  body::Receipt receipt(wire::Receipt::Reader in);
  body::Profile profile(wire::Profile::Reader in);
  Body sync(wire::OwnSync::Reader in, ByteView whole);
  body::SyncSent syncSent(wire::Body::Reader in);
  body::SyncRead syncRead(capnp::List<wire::Reference>::Reader in);
  body::SyncContact syncContact(wire::OwnSync::Contact::Reader in);
  body::SyncAccessKeys syncAccessKeys(wire::OwnSync::AccessKeys::Reader in);
  body::ResendRequest resendRequest(wire::ResendRequest::Reader in);
  body::Marks marks(wire::Marks::Reader in);
  body::ContactRequest contactRequest(wire::ContactRequest::Reader in);

  std::optional<Error> error_;
  std::vector<AccountId> accounts_;  // those that passed the check: it costs a scalar multiplication
};

void encodeHead(const Head& head, wire::Head::Builder out);
// `body` has passed checkLimits.
void encodeBody(const Body& body, wire::Body::Builder out);

// What a sender may be told about his own input: kTooLong, kNotUtf8, kOverLimit, kInvalidArgument.
Result<void> checkLimits(const Body& body);

}  // namespace waxwing
