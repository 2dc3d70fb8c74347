#include "common/store/log_buffer.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <string>

namespace critac::store {
namespace {

// What is kept at most, but for a last page.
constexpr size_t kMostBytes = 4 << 20;
// SQLite's own VFS takes no write of 128 KiB or more.
constexpr size_t kPieceBytes = 64 << 10;

// SQLite's own VFS: never destroyed, and the same for the life of the process.
sqlite3_vfs* Own() {
  static sqlite3_vfs* const own = sqlite3_vfs_find(nullptr);
  return own;
}

// The log as SQLite sees it, at the start of the memory that SQLite gives an open file; the own
// VFS's file is after it.
struct LogFile {
  sqlite3_file base;
  std::string waiting;       // bytes not yet in the file
  sqlite3_int64 offset = 0;  // where they go

  sqlite3_file* file() {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(this) + kSize);
  }

  // Bytes from the start of this to the own VFS's file.
  static const size_t kSize;
};
constexpr size_t kAlignment = alignof(std::max_align_t);
const size_t LogFile::kSize = (sizeof(LogFile) + kAlignment - 1) / kAlignment * kAlignment;

LogFile& Log(sqlite3_file* file) { return *reinterpret_cast<LogFile*>(file); }
sqlite3_file* FileOf(sqlite3_file* file) { return Log(file).file(); }

// What cannot be written is gone: SQLite is told, and gives the transaction up.
int Flush(LogFile& log) {
  int result = SQLITE_OK;
  for (size_t written = 0; written < log.waiting.size() && result == SQLITE_OK;) {
    const size_t count = std::min(log.waiting.size() - written, kPieceBytes);
    result = log.file()->pMethods->xWrite(log.file(), log.waiting.data() + written,
                                          static_cast<int>(count),
                                          log.offset + static_cast<sqlite3_int64>(written));
    written += count;
  }
  log.waiting.clear();
  return result;
}

int Close(sqlite3_file* file) {
  LogFile& log = Log(file);
  const int flushed = Flush(log);
  const int closed = log.file()->pMethods->xClose(log.file());
  log.~LogFile();
  return flushed != SQLITE_OK ? flushed : closed;
}

int Read(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) {
  if (const int flushed = Flush(Log(file)); flushed != SQLITE_OK) return flushed;
  return FileOf(file)->pMethods->xRead(FileOf(file), to, count, offset);
}

int Write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
  LogFile& log = Log(file);
  const bool follows = offset == log.offset + static_cast<sqlite3_int64>(log.waiting.size());
  if (!follows || log.waiting.size() >= kMostBytes) {
    if (const int flushed = Flush(log); flushed != SQLITE_OK) return flushed;
  }
  if (log.waiting.empty()) log.offset = offset;
  log.waiting.append(static_cast<const char*>(from), static_cast<size_t>(count));
  return SQLITE_OK;
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const int flushed = Flush(Log(file)); flushed != SQLITE_OK) return flushed;
  return FileOf(file)->pMethods->xTruncate(FileOf(file), size);
}

int Sync(sqlite3_file* file, int flags) {
  if (const int flushed = Flush(Log(file)); flushed != SQLITE_OK) return flushed;
  return FileOf(file)->pMethods->xSync(FileOf(file), flags);
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  if (const int flushed = Flush(Log(file)); flushed != SQLITE_OK) return flushed;
  return FileOf(file)->pMethods->xFileSize(FileOf(file), size);
}

int Lock(sqlite3_file* file, int level) {
  return FileOf(file)->pMethods->xLock(FileOf(file), level);
}
int Unlock(sqlite3_file* file, int level) {
  return FileOf(file)->pMethods->xUnlock(FileOf(file), level);
}
int CheckReservedLock(sqlite3_file* file, int* taken) {
  return FileOf(file)->pMethods->xCheckReservedLock(FileOf(file), taken);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return FileOf(file)->pMethods->xFileControl(FileOf(file), operation, argument);
}
int SectorSize(sqlite3_file* file) { return FileOf(file)->pMethods->xSectorSize(FileOf(file)); }
int DeviceCharacteristics(sqlite3_file* file) {
  return FileOf(file)->pMethods->xDeviceCharacteristics(FileOf(file));
}

// A log has no shared memory of its own, and is not mapped: the methods of version 1 are enough.
sqlite3_io_methods MakeMethods() {
  sqlite3_io_methods methods{};
  methods.iVersion = 1;
  methods.xClose = Close;
  methods.xRead = Read;
  methods.xWrite = Write;
  methods.xTruncate = Truncate;
  methods.xSync = Sync;
  methods.xFileSize = FileSize;
  methods.xLock = Lock;
  methods.xUnlock = Unlock;
  methods.xCheckReservedLock = CheckReservedLock;
  methods.xFileControl = FileControl;
  methods.xSectorSize = SectorSize;
  methods.xDeviceCharacteristics = DeviceCharacteristics;
  return methods;
}

int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  if ((flags & SQLITE_OPEN_WAL) == 0) return Own()->xOpen(Own(), name, file, flags, flags_out);
  static const sqlite3_io_methods methods = MakeMethods();
  auto* const log = new (file) LogFile{};
  const int result = Own()->xOpen(Own(), name, log->file(), flags, flags_out);
  if (result == SQLITE_OK) {
    log->base.pMethods = &methods;
  } else {
    log->~LogFile();
    file->pMethods = nullptr;  // SQLite need not close it
  }
  return result;
}

}  // namespace

void RegisterLogBufferVfs() {
  static sqlite3_vfs vfs = *Own();
  vfs.zName = kLogBufferVfs;
  vfs.pNext = nullptr;
  vfs.szOsFile = static_cast<int>(LogFile::kSize) + Own()->szOsFile;
  vfs.xOpen = Open;
  sqlite3_vfs_register(&vfs, 0);
}

int FlushLogBuffer(void* log) {
  auto* const file = static_cast<sqlite3_file*>(log);
  if (file == nullptr || file->pMethods == nullptr) return SQLITE_OK;
  sqlite3_int64 size = 0;
  return file->pMethods->xFileSize(file, &size);
}

}  // namespace critac::store
