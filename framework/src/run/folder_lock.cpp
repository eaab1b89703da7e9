#include "run/folder_lock.hpp"

#include <faceoff/error.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace faceoff {

FolderLock::FolderLock(const std::filesystem::path& folder, const std::function<void(const std::string&)>& notice)
    : file_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (file_ < 0) throw FileError(folder.string() + ": can't be opened: " + std::strerror(errno));
  if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
  if (errno != EWOULDBLOCK) {
    notice("warning: " + folder.string() + ": its file system can't lock a folder (" + std::strerror(errno) +
           "); see to it that no other process works in it");
    return;
  }
  ::close(file_);
  throw ConfigError("--out " + folder.string() + ": another process is at work in it; wait for its end, or stop it");
}

FolderLock::~FolderLock() {
  ::close(file_);
}

}  // namespace faceoff
