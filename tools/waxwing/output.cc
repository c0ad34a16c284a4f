#include "tools/waxwing/output.h"

#include <algorithm>
#include <cstdio>

#include "crypto/text.h"

namespace waxwing::tool {
namespace {

// In one piece: the client's thread tells of events while the main thread answers.
void put(std::FILE* file, std::string line) {
  if (line.empty() || line.back() != '\n') line += '\n';
  std::fwrite(line.data(), 1, line.size(), file);
  std::fflush(file);
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// Terminal columns, near enough: one per code point.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

struct CodePoint {
  char32_t value = 0;
  std::size_t size = 0;  // bytes
};

// Of well-formed UTF-8.
CodePoint codePointAt(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t value = size == 1 ? first : first & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) value = value << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
  return {value, size};
}

bool mayMislead(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || (c >= 0x200E && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

std::string escaped(char32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  char text[16];
  std::snprintf(text, sizeof text, c < 0x100 ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(c));
  return text;
}

}  // namespace

void Output::show(const Json& json, std::string_view human) {
  if (form_ == Form::kJson) {
    put(stdout, dump(json));
  } else if (!human.empty()) {
    put(stdout, std::string(human));
  }
}

void Output::showError(const Error& error) {
  if (form_ == Form::kJson) {
    put(stdout, dump({{"error", {{"code", waxwing::name(error.code)}, {"message", error.message}}}}));
  }
  warn(error.message);
}

void Output::warn(std::string_view text) { put(stderr, "waxwing: " + printable(text)); }

bool Output::isGood() const { return std::ferror(stdout) == 0; }

std::string printable(std::string_view text) {
  if (!isUtf8(text)) return "(not UTF-8)";
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto [value, size] = codePointAt(text, at);
    out += mayMislead(value) ? escaped(value) : std::string(text.substr(at, size));
    at += size;
  }
  return out;
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width(row[i]) + 2, ' ');
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

}  // namespace waxwing::tool
