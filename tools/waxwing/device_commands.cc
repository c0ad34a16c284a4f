#include <algorithm>

#include "crypto/text.h"
#include "tools/waxwing/commands.h"
#include "tools/waxwing/passphrase_input.h"

namespace waxwing::tool {
namespace {

struct Arguments {
  std::string account;
  std::string text;
  std::string code;
  bool yes = false;
  std::uint64_t device = 0;
  PassphraseCost cost;
};

Outcome request(Context& context, const Arguments& arguments) {
  const auto account = parseAccount(arguments.account);
  if (!account) return tl::unexpected(account.error());
  const auto made = makeProfile(context, arguments.cost);
  if (!made) return tl::unexpected(made.error());
  const auto asked = Client::requestDevice(made->options(), *account);
  if (!asked) return tl::unexpected(asked.error());
  context.output.show({{"request", asked->text}, {"shortCode", asked->shortCode}},
                      asked->text + "\nCode " + asked->shortCode +
                          "\nOn the primary device: waxwing device grant REQUEST. It must show the same code.");
  return ExitStatus::kOk;
}

std::string digitsOf(const std::string& code) {
  std::string digits;
  std::ranges::copy_if(code, std::back_inserter(digits), [](char c) { return c != ' '; });
  return digits;
}

// The user compares the codes: by typing the other one, by saying so beforehand, or on the terminal.
Result<void> confirmCode(const Arguments& arguments, const std::string& shortCode) {
  if (!arguments.code.empty()) {
    if (digitsOf(arguments.code) == digitsOf(shortCode)) return {};
    return fail(Errc::kNotAllowed, "the code does not match: this request is not the one that the new device made");
  }
  if (arguments.yes) return {};
  const std::string question = "Does the new device show the code " + shortCode + "? [y/N] ";
  if (confirmOnTerminal(question.c_str())) return {};
  return fail(Errc::kNotAllowed, "not granted: compare the codes, then use --code '" + shortCode + "' or answer 'y'");
}

Outcome grant(Context& context, const Arguments& arguments) {
  const auto requestText = textOrInput(arguments.text);
  if (!requestText) return tl::unexpected(requestText.error());
  const auto shortCode = Client::shortCodeOf(*requestText);
  if (!shortCode) return tl::unexpected(shortCode.error());
  const auto confirmed = confirmCode(arguments, *shortCode);
  if (!confirmed) return tl::unexpected(confirmed.error());
  const auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  const auto answer = (*client)->grantDevice(*requestText);
  if (!answer) return tl::unexpected(answer.error());
  context.output.show({{"grant", *answer}, {"shortCode", *shortCode}}, *answer);
  return ExitStatus::kOk;
}

Outcome join(Context& context, const Arguments& arguments) {
  const auto grantText = textOrInput(arguments.text);
  if (!grantText) return tl::unexpected(grantText.error());
  const auto opened = openProfile(context);
  if (!opened) return tl::unexpected(opened.error());
  const auto client = Client::joinDevice(opened->options(), *grantText);
  if (!client) return tl::unexpected(client.error());
  const auto self = (*client)->self();
  context.output.show({{"account", self.account.text()}, {"device", self.device.value()}},
                      "This is now device " + std::to_string(self.device.value()) + " of " + self.account.text() +
                          ".\nSync the primary first, then this one.");
  return ExitStatus::kOk;
}

Outcome list(Context& context) {
  const auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  const auto devices = (*client)->devices();
  if (!devices) return tl::unexpected(devices.error());
  Json json = Json::array();
  Table table;
  for (const auto& device : *devices) {
    json.push_back({{"id", device.id.value()}, {"primary", device.primary}, {"self", device.self}});
    table.add({std::to_string(device.id.value()), device.primary ? "primary" : "", device.self ? "this one" : ""});
  }
  const auto manifest = (*client)->ownManifest();
  if (!manifest) return tl::unexpected(manifest.error());
  const std::string hash = toBase64url(manifest->view());
  Json answer = {{"devices", std::move(json)}, {"manifest", hash}};
  table.add({"", "this list:", hash});
  const auto between = (*client)->equivocation((*client)->self().account);
  if (!between) return tl::unexpected(between.error());
  if (*between) showManifests(**between, answer, table);
  context.output.show(answer, table.text());
  return ExitStatus::kOk;
}

Outcome trust(Context& context, const Arguments& arguments) {
  const auto hash = parseHash(arguments.text);
  if (!hash) return tl::unexpected(hash.error());
  const auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  const auto trusted = (*client)->trustManifest((*client)->self().account, *hash);
  if (!trusted) return tl::unexpected(trusted.error());
  context.output.show({{"trusted", toBase64url(hash->view())}}, "Settled; messages leave again at the next sync.");
  return ExitStatus::kOk;
}

Outcome retire(Context& context, const Arguments& arguments) {
  const auto device = DeviceId::parse(arguments.device);
  if (!device) return tl::unexpected(device.error());
  const auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  const auto retired = (*client)->retireDevice(*device);
  if (!retired) return tl::unexpected(retired.error());
  context.output.show({{"retired", device->value()}},
                      "Retired device " + std::to_string(device->value()) + "; contacts learn it at the next sync.");
  return ExitStatus::kOk;
}

}  // namespace

void addDeviceCommands(CLI::App& app, Context& context) {
  auto* family = app.add_subcommand("device", "several devices for one account");
  family->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();

  auto* requesting =
      family->add_subcommand("request", "on the new device: make a profile that asks to join an account");
  requesting->add_option("account", arguments->account, "the account, as 'status' on its primary prints it")
      ->required();
  addPassphraseCost(*requesting, arguments->cost);
  requesting->callback(
      [&context, arguments] { context.chosen = [&context, arguments] { return request(context, *arguments); }; });

  auto* granting = family->add_subcommand("grant", "on the primary: let that device in");
  granting->add_option("request", arguments->text, "the request's text; - reads it from standard input")->required();
  granting->add_option("--code", arguments->code, "the code that the new device shows; must match");
  granting->add_flag("--yes", arguments->yes, "the codes were compared elsewhere");
  granting->callback(
      [&context, arguments] { context.chosen = [&context, arguments] { return grant(context, *arguments); }; });

  auto* joining = family->add_subcommand("join", "on the new device: take the primary's answer");
  joining->add_option("grant", arguments->text, "the answer's text; - reads it from standard input")->required();
  joining->callback(
      [&context, arguments] { context.chosen = [&context, arguments] { return join(context, *arguments); }; });

  family->add_subcommand("list", "this account's devices")->callback([&context] {
    context.chosen = [&context] { return list(context); };
  });

  auto* trusting = family->add_subcommand("trust", "settle which of two lists of this account's devices is right");
  trusting->add_option("hash", arguments->text, "one of the two that 'device list' shows")->required();
  trusting->callback(
      [&context, arguments] { context.chosen = [&context, arguments] { return trust(context, *arguments); }; });

  auto* retiring = family->add_subcommand("retire", "on the primary: shut a device out for good");
  retiring->add_option("id", arguments->device, "its number in 'device list'")->required();
  retiring->callback(
      [&context, arguments] { context.chosen = [&context, arguments] { return retire(context, *arguments); }; });
}

}  // namespace waxwing::tool
