#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/error.h"

// How results reach people and scripts. The JSON's keys are documented in docs/command-line.md and stay.
namespace waxwing::tool {

using Json = nlohmann::ordered_json;

// Once the form is set, from any thread.
class Output {
 public:
  enum class Form { kHuman, kJson };

  void setForm(Form form) { form_ = form; }
  Form form() const { return form_; }

  // One result, in the form that was asked for: a JSON object on one line, or text of which every line is for a person
  // (printed with a line end; nothing if empty). Flushed.
  void show(const Json& json, std::string_view human);
  // The one line on standard error that every failure gives; in JSON form also an object on standard output.
  void showError(const Error& error);
  // A refusal that does not end the command.
  void warn(std::string_view text);
  // False once something could not be written.
  bool isGood() const;

 private:
  Form form_ = Form::kHuman;
};

// Text from elsewhere as it may stand on a terminal's line: control characters, line separators and marks that turn
// the direction of writing are escaped, so that nobody's message can move a cursor or fake a line.
std::string printable(std::string_view text);

// Lines whose columns are aligned, two spaces between them.
class Table {
 public:
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool isEmpty() const { return rows_.empty(); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace waxwing::tool
