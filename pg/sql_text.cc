#include "pg/sql_text.h"

namespace pgmoult::pg {
namespace {

std::string DoubledQuote(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) {
      out += quote;
    }
    out += c;
  }
  out += quote;
  return out;
}

}  // namespace

std::string Literal(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) {
    return DoubledQuote(text, '\'');
  }
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += '\\';
    }
    escaped += c;
  }
  // The leading blank keeps E from joining an identifier before it.
  return " E" + DoubledQuote(escaped, '\'');
}

std::string ArrayText(const std::vector<std::string>& elements) {
  std::string out = "{";
  for (const std::string& element : elements) {
    if (out.size() > 1) {
      out += ',';
    }
    out += '"';
    for (const char c : element) {
      if (c == '"' || c == '\\') {
        out += '\\';
      }
      out += c;
    }
    out += '"';
  }
  out += '}';
  return out;
}

NameArrays::NameArrays(const std::vector<QualifiedName>& qualified) {
  std::vector<std::string> schema_texts;
  std::vector<std::string> name_texts;
  for (const QualifiedName& one : qualified) {
    schema_texts.push_back(one.schema.name());
    name_texts.push_back(one.name.name());
  }
  schemas = ArrayText(schema_texts);
  names = ArrayText(name_texts);
}

std::string Ident::Quoted() const { return DoubledQuote(name_, '"'); }

std::string QualifiedName::Quoted() const { return schema.Quoted() + "." + name.Quoted(); }

}  // namespace pgmoult::pg
