#include "crypto/text.h"
#include "tools/waxwing/commands.h"

namespace waxwing::tool {
namespace {

struct Arguments {
  std::string contact;  // name or account
  std::string name;
  std::string text;
};

Json toJson(const Contact& contact) {
  return {{"account", contact.account.text()}, {"name", contact.name}, {"state", name(contact.state)},
          {"statedName", contact.statedName},  {"note", contact.note}, {"equivocates", contact.equivocates},
          {"unconfirmed", contact.unconfirmed}};
}

Outcome add(Context& context, const Arguments& arguments) {
  const auto inviteText = textOrInput(arguments.text);
  if (!inviteText) return tl::unexpected(inviteText.error());
  const auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  const auto account = (*client)->addContact(arguments.name, *inviteText);
  if (!account) return tl::unexpected(account.error());
  context.output.show({{"account", account->text()}, {"name", arguments.name}},
                      "Added " + printable(arguments.name) +
                          "; the request goes out at the next sync, and messages follow once it is accepted.");
  return ExitStatus::kOk;
}

// What a request is called if the user does not say.
std::string ownNameOf(const Contact& contact) {
  return contact.statedName.empty() ? contact.account.text().substr(0, 8) : contact.statedName;
}

Outcome accept(Context& context, const Arguments& arguments) {
  const auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  const auto contact = (*client)->findContact(unguarded(arguments.contact));
  if (!contact) return tl::unexpected(contact.error());
  const std::string chosen = arguments.name.empty() ? ownNameOf(*contact) : arguments.name;
  const auto accepted = (*client)->acceptContact(contact->account, chosen);
  if (!accepted) return tl::unexpected(accepted.error());
  context.output.show({{"account", contact->account.text()}, {"name", chosen}},
                      "Accepted " + printable(chosen) + "; the answer goes out at the next sync.");
  return ExitStatus::kOk;
}

std::string remarks(const Contact& contact) {
  if (contact.equivocates) return "shows two device lists";
  if (contact.unconfirmed) return "old device list, not confirmed yet";
  return printable(contact.note);
}

Outcome list(Context& context) {
  const auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  const auto contacts = (*client)->contacts();
  if (!contacts) return tl::unexpected(contacts.error());
  Json json = Json::array();
  Table table;
  for (const auto& contact : *contacts) {
    json.push_back(toJson(contact));
    table.add({displayName(contact), std::string(name(contact.state)), contact.account.text(), remarks(contact)});
    if (!contact.equivocates) continue;
    const auto manifests = (*client)->equivocation(contact.account);
    if (!manifests) return tl::unexpected(manifests.error());
    if (!*manifests) continue;
    showManifests(**manifests, json.back(), table);
  }
  context.output.show({{"contacts", json}}, table.isEmpty() ? "No contacts yet." : table.text());
  return ExitStatus::kOk;
}

// Twelve groups of five, as phones show it.
std::string inGroups(const std::string& digits) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i % 5 == 0) out += i % 20 == 0 ? '\n' : ' ';
    out += digits[i];
  }
  return out;
}

Outcome safety(Context& context, const Arguments& arguments) {
  const auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  const auto contact = (*client)->findContact(unguarded(arguments.contact));
  if (!contact) return tl::unexpected(contact.error());
  const std::string digits = (*client)->safetyNumber(contact->account);
  context.output.show(
      {{"account", contact->account.text()}, {"safetyNumber", digits}},
      inGroups(digits) + "\nIf " + displayName(*contact) + " sees the same digits, nobody stands between you.");
  return ExitStatus::kOk;
}

Outcome trust(Context& context, const Arguments& arguments) {
  const auto hash = parseHash(arguments.text);
  if (!hash) return tl::unexpected(hash.error());
  const auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  const auto contact = (*client)->findContact(unguarded(arguments.contact));
  if (!contact) return tl::unexpected(contact.error());
  const auto trusted = (*client)->trustManifest(contact->account, *hash);
  if (!trusted) return tl::unexpected(trusted.error());
  context.output.show({{"account", contact->account.text()}, {"trusted", toBase64url(hash->view())}},
                      "Settled: " + displayName(*contact) + " is written to by that device list.");
  return ExitStatus::kOk;
}

}  // namespace

void addContactCommands(CLI::App& app, Context& context) {
  auto* family = app.add_subcommand("contact", "who may write to you, and to whom you write");
  family->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();

  auto* adding = family->add_subcommand("add", "add the sender of an invite");
  adding->add_option("name", arguments->name, "what you call him; local and unique")->required();
  adding->add_option("invite", arguments->text, "the invite's text; - reads it from standard input")->required();
  adding->callback(
      [&context, arguments] { context.chosen = [&context, arguments] { return add(context, *arguments); }; });

  auto* accepting = family->add_subcommand("accept", "let someone in who asked");
  accepting->add_option("id", arguments->contact, "the account, as 'contact list' shows it")->required();
  accepting->add_option("name", arguments->name, "what you call him; default: what he calls himself");
  accepting->callback(
      [&context, arguments] { context.chosen = [&context, arguments] { return accept(context, *arguments); }; });

  family->add_subcommand("list", "all contacts and requests")->callback([&context] {
    context.chosen = [&context] { return list(context); };
  });

  auto* comparing = family->add_subcommand("safety", "the digits to compare with a contact, by another way");
  comparing->add_option("name", arguments->contact, "the contact")->required();
  comparing->callback(
      [&context, arguments] { context.chosen = [&context, arguments] { return safety(context, *arguments); }; });

  auto* trusting = family->add_subcommand("trust", "settle which of two device lists is a contact's");
  trusting->add_option("name", arguments->contact, "the contact")->required();
  trusting->add_option("hash", arguments->text, "one of the two that 'contact list' shows")->required();
  trusting->callback(
      [&context, arguments] { context.chosen = [&context, arguments] { return trust(context, *arguments); }; });
}

}  // namespace waxwing::tool
