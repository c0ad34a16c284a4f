#include <algorithm>

#include "tools/waxwing/commands.h"

namespace waxwing::tool {
namespace {

std::string nameOf(const AccountId& account, const std::vector<Contact>& contacts) {
  const auto found = std::ranges::find(contacts, account, &Contact::account);
  return found == contacts.end() ? account.text().substr(0, 8) : displayName(*found);
}

Json toJson(const OutboxItem& item) {
  Json json = {{"id", item.id},
               {"to", item.to.text()},
               {"device", item.device.value()},
               {"message", text(item.message)},
               {"kind", item.kind},
               {"reason", name(item.reason)},
               {"attempts", item.attempts}};
  json["nextRetry"] = item.nextRetry ? Json(item.nextRetry->ms) : Json();
  json["lastAnswer"] = item.lastAnswer;
  return json;
}

std::vector<std::string> row(const OutboxItem& item, const std::string& to) {
  const std::string device = item.device.value() == 0 ? "" : "device " + std::to_string(item.device.value());
  const std::string tries = item.attempts == 0   ? "not tried yet"
                            : item.attempts == 1 ? "1 try"
                                                 : std::to_string(item.attempts) + " tries";
  return {std::to_string(item.id),
          to,
          device,
          item.kind,
          std::string(reasonText(item.reason)),
          tries,
          item.nextRetry ? "next " + shortTime(*item.nextRetry) : "",
          printable(item.lastAnswer)};
}

Outcome list(Context& context) {
  const auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  const auto items = (*client)->outbox();
  if (!items) return tl::unexpected(items.error());
  const auto contacts = (*client)->contacts();
  if (!contacts) return tl::unexpected(contacts.error());
  Json json = Json::array();
  Table table;
  for (const auto& item : *items) {
    json.push_back(toJson(item));
    table.add(row(item, item.to == (*client)->self().account ? "own devices" : nameOf(item.to, *contacts)));
  }
  context.output.show({{"items", std::move(json)}}, table.isEmpty() ? "Nothing waits." : table.text());
  return ExitStatus::kOk;
}

Outcome cancel(Context& context, std::int64_t id) {
  const auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  const auto cancelled = (*client)->cancel(id);
  if (!cancelled) return tl::unexpected(cancelled.error());
  context.output.show({{"cancelled", id}}, "Cancelled.");
  return ExitStatus::kOk;
}

}  // namespace

void addOutboxCommands(CLI::App& app, Context& context) {
  auto* family = app.add_subcommand("outbox", "what waits to leave, and why");
  family->require_subcommand(0, 1);
  family->callback([&context, family] {
    if (family->get_subcommands().empty()) context.chosen = [&context] { return list(context); };
  });
  auto* cancelling = family->add_subcommand("cancel", "take back a message that no relay can have yet");
  const auto id = std::make_shared<std::int64_t>();
  cancelling->add_option("id", *id, "its number in 'outbox'")->required();
  cancelling->callback([&context, id] { context.chosen = [&context, id] { return cancel(context, *id); }; });
}

}  // namespace waxwing::tool
