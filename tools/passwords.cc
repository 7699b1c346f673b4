#include "tools/passwords.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <system_error>

#include "fmt/format.h"

namespace pgmoult::tools {
namespace {

// Where a password's value ends in a conninfo string: quoted with backslashes, or up to a blank.
size_t ValueEnd(std::string_view text, size_t begin) {
  const bool quoted = begin < text.size() && text[begin] == '\'';
  size_t i = quoted ? begin + 1 : begin;
  for (; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (quoted ? text[i] == '\'' : std::isspace(static_cast<unsigned char>(text[i])) != 0) {
      return quoted ? i + 1 : i;
    }
  }
  return text.size();
}

// Keywords of libpq whose values nobody may see. A URI may have written them with %xx.
bool IsSecret(std::string_view keyword) {
  std::string name;
  for (size_t i = 0; i < keyword.size(); ++i) {
    unsigned code = 0;
    const bool escaped = keyword[i] == '%' && i + 2 < keyword.size();
    if (escaped && std::from_chars(keyword.data() + i + 1, keyword.data() + i + 3, code, 16).ec == std::errc()) {
      name += static_cast<char>(code);
      i += 2;
    } else {
      name += keyword[i];
    }
  }
  return name == "password" || name == "sslpassword" || name == "oauth_client_secret";
}

std::string ConninfoWithoutPassword(std::string_view text, bool& found) {
  std::string kept;
  size_t i = 0;
  while (i < text.size()) {
    const size_t key = text.find_first_not_of(" \t\r\n", i);
    const size_t equals = key == std::string_view::npos ? key : text.find('=', key);
    if (equals == std::string_view::npos) {
      break;
    }
    const size_t key_end = std::min(text.find_first_of(" \t\r\n=", key), equals);
    const size_t value = std::min(text.find_first_not_of(" \t\r\n", equals + 1), text.size());
    const size_t end = ValueEnd(text, value);
    if (const std::string_view name = text.substr(key, key_end - key); IsSecret(name)) {
      found = true;
    } else {
      kept += fmt::format("{}{}={}", kept.empty() ? "" : " ", name, text.substr(value, end - value));
    }
    i = end;
  }
  return kept;
}

bool IsUri(std::string_view text) { return text.starts_with("postgresql://") || text.starts_with("postgres://"); }

std::string UriWithoutPassword(std::string_view text) {
  const size_t begin = text.find("://") + 3;
  // As libpq does: what stands before the first @, if no slash comes first, is user and password.
  std::string kept(text.substr(0, begin));
  std::string_view rest = text.substr(begin);
  const size_t mark = rest.find_first_of("@/");
  if (mark != std::string_view::npos && rest[mark] == '@') {
    kept += rest.substr(0, std::min(rest.find(':'), mark));
    rest.remove_prefix(mark);
  }
  const size_t question = std::min(rest.find('?'), rest.size());
  kept += rest.substr(0, question);
  rest.remove_prefix(question);
  char separator = '?';
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view parameter = rest.substr(0, std::min(rest.find('&'), rest.size()));
    if (!IsSecret(parameter.substr(0, parameter.find('=')))) {
      kept += separator;
      kept += parameter;
      separator = '&';
    }
    rest.remove_prefix(parameter.size());
  }
  return kept;
}

}  // namespace

std::string WithoutPassword(std::string_view connection_string) {
  if (IsUri(connection_string)) {
    return UriWithoutPassword(connection_string);
  }
  bool found = false;
  std::string without = ConninfoWithoutPassword(connection_string, found);
  return found ? without : std::string(connection_string);
}

bool HoldsPassword(std::string_view connection_string) {
  if (IsUri(connection_string)) {
    return UriWithoutPassword(connection_string) != connection_string;
  }
  bool found = false;
  ConninfoWithoutPassword(connection_string, found);
  return found;
}

bool WordHoldsPassword(std::string_view word) {
  // "--dsn=…", "-d…", or the string alone.
  std::string_view value = word;
  if (word.starts_with("--")) {
    value.remove_prefix(std::min(word.find('='), word.size() - 1) + 1);
  } else if (word.starts_with("-")) {
    value.remove_prefix(std::min<size_t>(2, word.size()));
  }
  return HoldsPassword(value);
}

}  // namespace pgmoult::tools
