#include <exception>
#include <string>
#include <vector>

#include "tools/waxwing/commands.h"
#include "tools/waxwing/process_safety.h"

// waxwing: a messenger for the command line, and the smallest program that shows what the library does.
namespace waxwing::tool {
namespace {

std::string firstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

void describe(CLI::App& app, Context& context, bool& json) {
  app.name("waxwing");
  app.set_version_flag("--version", "waxwing " WAXWING_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--profile", context.profileDirectory, "the profile's directory (default: ~/.local/share/waxwing)");
  app.add_option("--passphrase-file", context.passphraseFile,
                 "where the passphrase stands; else WAXWING_PASSPHRASE, else it is asked for");
  app.add_flag("--json", json, "print JSON, one object per line");
  addAccountCommands(app, context);
  addContactCommands(app, context);
  addMessageCommands(app, context);
  addSyncCommand(app, context);
  addOutboxCommands(app, context);
  addDeviceCommands(app, context);
  addInspectCommand(app, context);
}

// The arguments in CLI11's order: the last one first, without the program's name.
std::vector<std::string> guardedArguments(int count, char** values) {
  std::vector<std::string> arguments;
  for (int i = count - 1; i > 0; --i) arguments.push_back(guardedArgument(values[i]));
  return arguments;
}

ExitStatus perform(Context& context) {
  const auto outcome = context.chosen();
  if (!outcome) context.output.showError(outcome.error());
  const ExitStatus status = outcome.value_or(ExitStatus::kFailed);
  if (context.output.isGood() || status != ExitStatus::kOk) return status;
  context.output.warn("the result could not be written");
  return ExitStatus::kFailed;
}

ExitStatus run(int count, char** values) {
  Context context;
  bool json = false;
  CLI::App app("Messages that survive a missing network. See 'waxwing COMMAND --help'.");
  describe(app, context, json);
  try {
    app.parse(guardedArguments(count, values));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error);  // --help, --version
      return ExitStatus::kOk;
    }
    context.output.warn(firstLine(error.what()) + "; see 'waxwing --help'");
    return ExitStatus::kUsage;
  }
  context.output.setForm(json ? Output::Form::kJson : Output::Form::kHuman);
  return perform(context);
}

}  // namespace
}  // namespace waxwing::tool

int main(int count, char** values) {
  waxwing::tool::protectProcess();
  try {
    return static_cast<int>(waxwing::tool::run(count, values));
  } catch (const std::exception& error) {
    waxwing::tool::Output().warn(std::string("internal error: ") + error.what());
    return static_cast<int>(waxwing::tool::ExitStatus::kFailed);
  }
}
