#pragma once

#include <faceoff/schema.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace faceoff {

/// A plugin that is in no library: a class of the program that calls the host.
struct OwnPlugin {
  PluginInfo info;
  std::filesystem::path origin;  ///< where a message says that it is from
  std::string sha256;            ///< the same for the same code, as that of a library's file
};

/// Thrown where a caller wants everything to be left at once. It is nobody's fault and no std::exception: what tells of
/// faults lets it pass.
struct Interrupted {};

/// The program that the host is called from where that is not `faceoff` itself, as the Python package is: it has
/// plugins of its own, and its process is not the host's to fork or to end.
class Caller {
 public:
  virtual ~Caller();

  /// Asked before each call of a plugin: throws Interrupted where everything is to be left.
  virtual void check_interrupt() = 0;
  /// The plugins that every experiment may name.
  virtual std::vector<OwnPlugin> plugins() = 0;
  /// Those of a file in the caller's language; what is wrong with it is thrown as a PluginError that tells of "it".
  virtual std::vector<OwnPlugin> load(const std::filesystem::path& file) = 0;
  /// The folder below which lib/faceoff/plugins and share/faceoff are.
  virtual std::filesystem::path installation() const = 0;

  /// Null in `faceoff` itself.
  static Caller* here();
  /// It has to live as long as the process.
  static void be(Caller& caller);
};

/// Whether a file of that name is one that a Caller loads, and no library.
bool is_callers(const std::filesystem::path& file);

/// The folder below which lib/faceoff/plugins and share/faceoff are: the caller's, else the one above the program's.
std::filesystem::path installation();

/// What comes with the program: share/faceoff/NAME of the installation.
std::filesystem::path shared_folder(const std::filesystem::path& name);

}  // namespace faceoff
