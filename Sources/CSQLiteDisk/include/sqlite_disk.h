#ifndef PROGFED_SQLITE_DISK_H
#define PROGFED_SQLITE_DISK_H

#include <stdbool.h>
#include <stdint.h>

/// What a disk does for SQLite, beneath a file system (VFS) of SQLite's own code above it.
///
/// Paths are terminated strings. A file is whatever `open` gave, until `close`. Sizes and offsets
/// are bytes; what fails gives -1.
struct progfed_disk_operations {
  /// The disk, which is passed to what has no file.
  void *_Nonnull disk;
  /// Opens a file, and makes it if that is wanted; null if it isn't there, or on a failure.
  void *_Nullable (*_Nonnull open)(void *_Nonnull disk, const char *_Nonnull path, bool makes);
  /// Closes a file.
  void (*_Nonnull close)(void *_Nonnull file);
  /// Reads up to `count` bytes, fewer at the file's end; gives their number.
  int64_t (*_Nonnull read)(void *_Nonnull file, uint8_t *_Nonnull bytes, int64_t count,
                           int64_t offset);
  /// Writes all bytes.
  int (*_Nonnull write)(void *_Nonnull file, const uint8_t *_Nonnull bytes, int64_t count,
                        int64_t offset);
  /// Sets a file's length.
  int (*_Nonnull truncate)(void *_Nonnull file, int64_t size);
  /// Waits until a file's bytes are on the disk.
  int (*_Nonnull sync)(void *_Nonnull file);
  /// A file's length.
  int64_t (*_Nonnull size)(void *_Nonnull file);
  /// Removes a name; 1 if there is none.
  int (*_Nonnull unlink)(void *_Nonnull disk, const char *_Nonnull path);
  /// Waits until the names in the folder of a path are on the disk.
  int (*_Nonnull sync_names)(void *_Nonnull disk, const char *_Nonnull path);
  /// The length of the file at a path; -1 if there is none.
  int64_t (*_Nonnull size_at)(void *_Nonnull disk, const char *_Nonnull path);
};

/// Settings of a connection that a file system withholds, so that they seem to be left out.
enum progfed_withheld {
  PROGFED_WITHHELD_NONE,
  /// `synchronous` can't be set to FULL.
  PROGFED_WITHHELD_FULL,
  /// The journal can't be changed to one that is written ahead.
  PROGFED_WITHHELD_WAL,
};

/// A file system of SQLite's.
struct progfed_sqlite_disk;

/// Makes a file system of SQLite's over a disk, which is then opened by `vfs=name`.
///
/// Connections are to be used by one thread at a time, and closed before it is unregistered. Null
/// if there is no memory.
struct progfed_sqlite_disk *_Nullable progfed_sqlite_disk_register(
    const char *_Nonnull name, const struct progfed_disk_operations *_Nonnull operations,
    enum progfed_withheld withheld);

/// The process is another one: locks and shared memory of before are gone.
void progfed_sqlite_disk_restart(struct progfed_sqlite_disk *_Nonnull disk);

/// Removes a file system.
void progfed_sqlite_disk_unregister(struct progfed_sqlite_disk *_Nonnull disk);

#endif
