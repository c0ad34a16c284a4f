#include <algorithm>

#include "crypto/certificate.h"
#include "session/relay_address.h"
#include "tools/waxwing/commands.h"

namespace waxwing::tool {
namespace {

struct InitArguments {
  std::string relay;
  std::string token;
  PassphraseCost cost;
  bool test = false;
};

// An address whose certificate, if it has one, is one.
Result<RelayAddress> parseAddress(const std::string& text) {
  auto relay = RelayAddress::parse(text);
  if (relay && !relay->certificate.empty() && !certificatePem(relay->certificate)) {
    return fail(Errc::kBadAddress, "what stands behind the # of the relay's address is no certificate; copy all of it");
  }
  return relay;
}

// A directory that holds a profile, whatever its passphrase, is left as it is.
Error errorOfInit(const Error& error, const Profile& profile) {
  if (error.code != Errc::kProfileExists && error.code != Errc::kWrongKey) return error;
  return {Errc::kProfileExists, std::string("there is a profile in '")
                                    .append(profile.directory().string())
                                    .append("' already; name another directory with --profile DIR")};
}

Outcome init(Context& context, const InitArguments& arguments) {
  const auto relay = parseAddress(arguments.relay);
  if (!relay) return tl::unexpected(relay.error());
  const auto made = makeProfile(context, arguments.cost);
  if (!made) return tl::unexpected(made.error());
  const auto create = arguments.test ? &Client::createForTests : &Client::create;
  const auto client = create(made->options(), *relay, arguments.token);
  if (!client) return tl::unexpected(errorOfInit(client.error(), made->profile));
  const auto self = (*client)->self();
  context.output.show({{"account", self.account.text()},
                       {"device", self.device.value()},
                       {"relay", relay->name()},
                       {"profile", made->profile.directory().string()},
                       {"test", arguments.test}},
                      (arguments.test ? "Made a TEST profile, whose keys and messages are for everybody to see, in "
                                      : std::string("Made a profile in ")) +
                          made->profile.directory().string() + "\nAccount " + self.account.text() +
                          "\nIt registers with " + relay->name() + " at the first 'waxwing sync'.");
  return ExitStatus::kOk;
}

Outcome invite(Context& context) {
  const auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  const auto text = (*client)->createInvite();
  if (!text) return tl::unexpected(text.error());
  context.output.show({{"invite", *text}}, *text);
  return ExitStatus::kOk;
}

std::size_t countIn(const std::vector<Contact>& contacts, ContactState state) {
  return static_cast<std::size_t>(std::ranges::count(contacts, state, &Contact::state));
}

Json toJson(const RefusedEnvelopes& refused) {
  return {{"code", waxwing::name(refused.code)},
          {"reason", refused.reason},
          {"count", refused.count},
          {"newest", refused.newest.ms}};
}

Outcome status(Context& context) {
  const auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  const auto contacts = (*client)->contacts();
  if (!contacts) return tl::unexpected(contacts.error());
  const auto queued = (*client)->outbox();
  if (!queued) return tl::unexpected(queued.error());
  const auto refused = (*client)->refused();
  if (!refused) return tl::unexpected(refused.error());
  const auto self = (*client)->self();
  const auto relay = (*client)->relay();
  const std::size_t requests = countIn(*contacts, ContactState::kRequested);
  const std::size_t blocked = countIn(*contacts, ContactState::kBlocked);
  const std::size_t known = contacts->size() - requests - blocked;
  Table table;
  const bool test = (*client)->isTestProfile();
  if (test) table.add({"Test profile", "its keys and messages are disclosed to whoever opens it, for good"});
  table.add({"Account", self.account.text()});
  table.add({"Device", std::to_string(self.device.value())});
  table.add({"Relay", relay.name() + (relay.certificate.empty() ? "" : " (own certificate)")});
  table.add({"Contacts", std::to_string(known) + (requests == 0 ? "" : ", " + counted(requests, "request"))});
  table.add({"Queued", counted(queued->size(), "item")});
  Json unread = Json::array();
  for (const auto& some : *refused) {
    table.add({"Not read", counted(some.count, "envelope") + ": " + printable(some.reason)});
    unread.push_back(toJson(some));
  }
  context.output.show({{"account", self.account.text()},
                       {"device", self.device.value()},
                       {"relay", relay.text()},
                       {"contacts", known},
                       {"requests", requests},
                       {"queued", queued->size()},
                       {"notRead", std::move(unread)},
                       {"test", test}},
                      table.text());
  return ExitStatus::kOk;
}

}  // namespace

void addAccountCommands(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("init", "make a profile with a new account");
  const auto arguments = std::make_shared<InitArguments>();
  command->add_option("--relay", arguments->relay, "the relay's address, as waxwing-relay prints it")->required();
  command->add_option("--token", arguments->token, "the relay's registration token, if it asks for one");
  command->add_flag("--test", arguments->test,
                    "for auditors: a profile that discloses all it does to 'waxwing-vectors capture', for good");
  addPassphraseCost(*command, arguments->cost);
  command->callback(
      [&context, arguments] { context.chosen = [&context, arguments] { return init(context, *arguments); }; });

  app.add_subcommand("invite", "print a text with which a friend can ask to become a contact")->callback([&context] {
    context.chosen = [&context] { return invite(context); };
  });
  app.add_subcommand("status", "the account, its relay, and what waits")->callback([&context] {
    context.chosen = [&context] { return status(context); };
  });
}

}  // namespace waxwing::tool
