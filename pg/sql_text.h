#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"

namespace pgmoult::pg {

// Builders of SQL text. All of them quote always, so the output never depends on the server's keyword list.

// A string literal: 'it''s', with the E'' form where it holds a backslash. Independent of standard_conforming_strings.
std::string Literal(std::string_view text);

// One element of each string, as the text form of a one-dimensional array: {"a","b \"c\""}. For parameters of type T[].
std::string ArrayText(const std::vector<std::string>& elements);

// One identifier. Formats as its quoted form: fmt::format("{}", Ident("a b")) gives "a b" with the quotes.
class Ident {
 public:
  Ident() = default;
  explicit Ident(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  std::string Quoted() const;
  auto operator<=>(const Ident&) const = default;

 private:
  std::string name_;
};

// schema.name, both quoted.
struct QualifiedName {
  Ident schema;
  Ident name;

  QualifiedName() = default;
  QualifiedName(Ident schema_in, Ident name_in) : schema(std::move(schema_in)), name(std::move(name_in)) {}
  QualifiedName(std::string schema_in, std::string name_in) : schema(std::move(schema_in)), name(std::move(name_in)) {}

  std::string Quoted() const;
  // For people: without quotes.
  std::string Plain() const { return schema.name() + "." + name.name(); }
  auto operator<=>(const QualifiedName&) const = default;
};

// Names for a look into the catalog: two arrays of one length, as ArrayText() makes them.
struct NameArrays {
  explicit NameArrays(const std::vector<QualifiedName>& qualified);
  std::string schemas;
  std::string names;
};

}  // namespace pgmoult::pg

template <>
struct fmt::formatter<pgmoult::pg::Ident> : fmt::formatter<std::string> {
  template <typename Context>
  auto format(const pgmoult::pg::Ident& ident, Context& context) const {
    return fmt::formatter<std::string>::format(ident.Quoted(), context);
  }
};

template <>
struct fmt::formatter<pgmoult::pg::QualifiedName> : fmt::formatter<std::string> {
  template <typename Context>
  auto format(const pgmoult::pg::QualifiedName& name, Context& context) const {
    return fmt::formatter<std::string>::format(name.Quoted(), context);
  }
};
