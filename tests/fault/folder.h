#pragma once

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp() is POSIX's

#include <filesystem>
#include <stdexcept>
#include <string>

namespace pgmoult::tests {

// A folder of a test's own, removed at the end. Every user may enter it, for servers run as another one than we.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / "pgmoult-test-XXXXXX") {
    std::string name = path_.string();
    if (mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("no folder " + name);
    }
    path_ = name;
    std::filesystem::permissions(path_, std::filesystem::perms::all);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace pgmoult::tests
