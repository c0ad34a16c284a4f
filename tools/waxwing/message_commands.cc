#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tools/waxwing/commands.h"
#include "tools/waxwing/send_lines.h"

namespace waxwing::tool {
namespace {

struct Arguments {
  std::string contact;
  std::optional<std::string> text;
  Client::PageOf page;
};

struct Conversation {
  std::unique_ptr<Client> client;
  Contact contact;
};

Result<Conversation> openConversation(Context& context, const std::string& nameOrAccount) {
  auto client = openClient(context);
  if (!client) return tl::unexpected(client.error());
  auto contact = (*client)->findContact(unguarded(nameOrAccount));
  if (!contact) return tl::unexpected(contact.error());
  return Conversation{std::move(*client), std::move(*contact)};
}

Outcome sendOne(Context& context, Conversation& with, const std::string& text) {
  const auto id = with.client->send(with.contact.account, text);
  if (!id) return tl::unexpected(id.error());
  context.output.show({{"queued", {{"line", 1}, {"id", tool::text(*id)}}}},
                      "Queued for " + displayName(with.contact) + "; it leaves at the next sync.");
  return ExitStatus::kOk;
}

Outcome sendInput(Context& context, Conversation& with) {
  LineSender sender(*with.client, with.contact, context.output);
  const auto each = [&sender](const InputLine& line) { sender.send(line); };
  LineSplitter lines;
  char chunk[4096];
  ssize_t size = 0;
  while (!sender.failure() && (size = ::read(STDIN_FILENO, chunk, sizeof chunk)) != 0) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail(Errc::kInvalidArgument, std::string("standard input: ") + std::strerror(errno));
    lines.feed({chunk, static_cast<std::size_t>(size)}, each);
  }
  lines.finish(each);
  if (context.output.form() == Output::Form::kHuman) {
    context.output.show({}, "Queued " + counted(sender.queued(), "message") + " for " + displayName(with.contact) +
                                (sender.queued() == 1 ? "; it leaves" : "; they leave") + " at the next sync.");
  }
  if (sender.failure()) return tl::unexpected(*sender.failure());
  return sender.refused() == 0 ? ExitStatus::kOk : ExitStatus::kFailed;
}

Outcome send(Context& context, const Arguments& arguments) {
  auto with = openConversation(context, arguments.contact);
  if (!with) return tl::unexpected(with.error());
  return arguments.text ? sendOne(context, *with, unguarded(*arguments.text)) : sendInput(context, *with);
}

std::vector<std::string> row(const TimelineItem& item, const std::string& contactName) {
  using Kind = TimelineItem::Kind;
  const bool isMessage = item.kind == Kind::kText || item.kind == Kind::kUnsupported;
  const std::string state = item.mine                     ? stateText(item.state, item.pending, item.failed)
                            : isMessage && !item.readHere ? "new"
                                                          : "";
  return {shortTime(item.statedAt.ms != 0 ? item.statedAt : item.arrivedAt), item.mine ? "you" : contactName, state,
          lineText(item)};
}

Outcome messages(Context& context, const Arguments& arguments) {
  const auto with = openConversation(context, arguments.contact);
  if (!with) return tl::unexpected(with.error());
  const auto items = with->client->messages(with->contact.account, arguments.page);
  if (!items) return tl::unexpected(items.error());
  Json json = Json::array();
  Table table;
  for (const auto& item : *items) {
    json.push_back(toJson(item));
    table.add(row(item, displayName(with->contact)));
  }
  context.output.show(
      {{"account", with->contact.account.text()}, {"name", with->contact.name}, {"messages", std::move(json)}},
      table.isEmpty() ? "No messages yet." : table.text());
  return ExitStatus::kOk;
}

Outcome read(Context& context, const Arguments& arguments) {
  const auto with = openConversation(context, arguments.contact);
  if (!with) return tl::unexpected(with.error());
  const auto newest = with->client->messages(with->contact.account, {.before = INT64_MAX, .most = 1});
  if (!newest) return tl::unexpected(newest.error());
  const std::int64_t position = newest->empty() ? 0 : newest->back().position;
  const auto marked = with->client->markRead(with->contact.account, position);
  if (!marked) return tl::unexpected(marked.error());
  context.output.show({{"account", with->contact.account.text()}, {"marked", *marked}, {"upTo", position}},
                      *marked == 0
                          ? "Nothing new."
                          : "Marked " + counted(*marked, "message") + " as read; receipts leave at the next sync.");
  return ExitStatus::kOk;
}

}  // namespace

void addMessageCommands(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<Arguments>();

  auto* sending = app.add_subcommand("send", "queue a message, network or not; 'sync' delivers it");
  sending->add_option("name", arguments->contact, "the contact")->required();
  sending->add_option("text", arguments->text, "the message; without it each line of standard input is one");
  sending->callback(
      [&context, arguments] { context.chosen = [&context, arguments] { return send(context, *arguments); }; });

  auto* showing = app.add_subcommand("messages", "a conversation, newest last");
  showing->add_option("name", arguments->contact, "the contact")->required();
  showing->add_option("--most", arguments->page.most, "how many lines at most (default 50)")
      ->check(CLI::Range(1, 1'000'000));
  showing->add_option("--before", arguments->page.before, "only lines before this position, for paging");
  showing->callback(
      [&context, arguments] { context.chosen = [&context, arguments] { return messages(context, *arguments); }; });

  auto* reading = app.add_subcommand("read", "mark a conversation as read; its sender will see that");
  reading->add_option("name", arguments->contact, "the contact")->required();
  reading->callback(
      [&context, arguments] { context.chosen = [&context, arguments] { return read(context, *arguments); }; });
}

}  // namespace waxwing::tool
