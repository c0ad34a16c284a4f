#pragma once

#include <optional>
#include <vector>

#include "outbox/context.h"
#include "session/content.h"

namespace waxwing {

// From something to say to rows that are owed: the message, and for each recipient device its number in our stream and
// its ciphertext, in one transaction. Where no session exists, the message waits in clear, and so does what follows it.
class Composer {
 public:
  explicit Composer(Context& context) : context_(context) {}

  struct Draft {
    AccountId conversation;
    std::uint8_t kind = MessageTable::kService;  // TimelineItem::Kind, or kService for what no timeline shows
    Body body;
    std::vector<AccountId> owedTo;  // every device of these, but this one
    DeviceId only = {};             // set: that device alone
  };
  struct Composed {
    std::int64_t position = 0;
    MessageId id;
  };
  Composed compose(Transaction& transaction, Draft draft);

  // Service content to all devices of a contact, or to one's own siblings (nothing happens if there are none).
  void tellContact(Transaction& transaction, const AccountId& account, Body body);
  void tellSiblings(Transaction& transaction, const AccountId& conversation, Body body);

  // To one device of a contact or of one's own. The position of what carries it, until it has left.
  std::int64_t tellDevice(Transaction& transaction, const DeviceAddress& device, Body body);
  // Sends these contents once more, each as it was under its old number, in a new envelope.
  void resend(Transaction& transaction, const DeviceAddress& device, const std::vector<SentTable::Row>& contents);

  // What waited for the account's devices to become known goes to each of them.
  void fanOut(Transaction& transaction, const AccountId& account);
  // Adds a device to what is still on its way to its account.
  void addDevice(Transaction& transaction, const DeviceAddress& device);
  // Encrypts what waits for a device, in order, as far as it may leave, `kMostPerStep` at most. False if it stopped
  // for want of a session.
  static constexpr std::size_t kMostPerStep = 256;
  bool encryptWaiting(Transaction& transaction, const DeviceAddress& device);
  // Encrypts `message` and what follows it for a device once more, under their old numbers: its content has changed.
  void withdraw(Transaction& transaction, const DeviceAddress& device, std::int64_t message);
  // Whether anything that waits for a device may leave once there is a session: a contact request passes texts by.
  bool wantsSession(const DeviceAddress& device);

 private:
  std::vector<DeviceAddress> devicesOf(const AccountId& account, DeviceId only);
  void owe(Transaction& transaction, const AccountId& account, DeviceId only, const MessageTable::Row& row,
           Content& content);
  std::optional<DeliveryTable::Cipher> encrypt(Transaction& transaction, const DeliveryTable::Key& key,
                                               Content& content, const std::optional<Bytes>& fixedHead);
  enum class Waited { kDone, kMayNotLeave, kNoSession };
  Waited encryptFirst(Transaction& transaction, const DeliveryTable::Key& key);
  Waited encryptResend(Transaction& transaction, const DeliveryTable::Key& key, std::int64_t sent);
  // What was sent is kept, to be sent again; of one device at most so much.
  void keep(Transaction& transaction, const DeliveryTable::Key& key, const Head& head, const EnvelopeId& envelope,
            ByteView content);
  Content contentFor(const AccountId& account, const MessageTable::Row& row);
  bool mayLeave(const AccountId& account, const Body& body);

  // The last content that was encrypted, for the digest in the one behind it.
  struct Chain {
    DeviceAddress device;
    std::uint64_t sequence = 0;
    Hash digest;
  };

  Context& context_;
  Chain chain_;
};

}  // namespace waxwing
