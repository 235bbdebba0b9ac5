// A file system of SQLite's over a disk that others simulate.
//
// It does for SQLite what SQLite's own does on Linux (os_unix.c), call by call: in the order of its
// syncs, in what it says of sectors, and in that a new journal's name is synced with its first
// bytes. Locks and shared memory live in the process. SQLite's code above is the real one.
#include "sqlite_disk.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { sectorBytes = 4096 };

/// What connections to one database share: the locks on its file, and its memory.
struct Node {
  struct Node *next;
  char *path;
  int references;
  /// The connections that read, or more.
  int readers;
  /// The connection that is about to write, and the one that keeps others out; null for none.
  const void *reserving, *excluding;
  char **regions;
  int regionCount;
  int shared[SQLITE_SHM_NLOCK];
  const void *exclusive[SQLITE_SHM_NLOCK];
};

struct progfed_sqlite_disk {
  sqlite3_vfs vfs;
  struct progfed_disk_operations operations;
  enum progfed_withheld withheld;
  sqlite3_vfs *system;
  /// The nodes of the process; those of an earlier one live until their connections are closed.
  struct Node *nodes;
};

/// A file that SQLite has open.
struct File {
  sqlite3_file base;
  struct progfed_sqlite_disk *disk;
  void *file;
  const char *path;
  /// What the connection shares with others; null for a journal.
  struct Node *node;
  int lock;
  bool usesMemory;
  unsigned shared;
  /// The name of a new journal isn't synced yet.
  bool isNew;
};

// The nodes

static struct Node *nodeAt(struct progfed_sqlite_disk *disk, const char *path) {
  for (struct Node *node = disk->nodes; node; node = node->next) {
    if (strcmp(node->path, path) == 0) {
      node->references++;
      return node;
    }
  }
  struct Node *node = calloc(1, sizeof *node);
  if (!node) return NULL;
  node->path = strdup(path);
  if (!node->path) {
    free(node);
    return NULL;
  }
  node->references = 1;
  node->next = disk->nodes;
  disk->nodes = node;
  return node;
}

static void release(struct progfed_sqlite_disk *disk, struct Node *node) {
  if (--node->references > 0) return;
  for (struct Node **place = &disk->nodes; *place; place = &(*place)->next) {
    if (*place == node) {
      *place = node->next;
      break;
    }
  }
  for (int index = 0; index < node->regionCount; index++) free(node->regions[index]);
  free(node->regions);
  free(node->path);
  free(node);
}

// Bytes

static struct File *fileOf(sqlite3_file *base) { return (struct File *)base; }

static const struct progfed_disk_operations *operationsOf(struct File *file) {
  return &file->disk->operations;
}

static int readBytes(sqlite3_file *base, void *bytes, int count, sqlite3_int64 offset) {
  struct File *file = fileOf(base);
  int64_t done = operationsOf(file)->read(file->file, bytes, count, offset);
  if (done < 0) return SQLITE_IOERR_READ;
  if (done == count) return SQLITE_OK;
  memset((char *)bytes + done, 0, (size_t)(count - done));
  return SQLITE_IOERR_SHORT_READ;
}

static int writeBytes(sqlite3_file *base, const void *bytes, int count, sqlite3_int64 offset) {
  struct File *file = fileOf(base);
  bool isDone = operationsOf(file)->write(file->file, bytes, count, offset) == 0;
  return isDone ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

static int truncateFile(sqlite3_file *base, sqlite3_int64 size) {
  struct File *file = fileOf(base);
  bool isDone = operationsOf(file)->truncate(file->file, size) == 0;
  return isDone ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

static int syncFile(sqlite3_file *base, int flags) {
  (void)flags;
  struct File *file = fileOf(base);
  if (operationsOf(file)->sync(file->file) != 0) return SQLITE_IOERR_FSYNC;
  // A failure of this sync is passed over, as SQLite does it.
  if (file->isNew) operationsOf(file)->sync_names(file->disk->operations.disk, file->path);
  file->isNew = false;
  return SQLITE_OK;
}

static int sizeOfFile(sqlite3_file *base, sqlite3_int64 *size) {
  struct File *file = fileOf(base);
  *size = operationsOf(file)->size(file->file);
  return *size < 0 ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

// Locks

static int lockFile(sqlite3_file *base, int lock) {
  struct File *file = fileOf(base);
  struct Node *node = file->node;
  if (!node || file->lock >= lock) return SQLITE_OK;
  if (node->excluding && node->excluding != file) return SQLITE_BUSY;
  if (lock == SQLITE_LOCK_SHARED) {
    node->readers++;
    file->lock = lock;
    return SQLITE_OK;
  }
  if (node->reserving && node->reserving != file) return SQLITE_BUSY;
  node->reserving = file;
  if (lock == SQLITE_LOCK_EXCLUSIVE) {
    node->excluding = file; // from now on nobody else begins to read
    if (node->readers > 1) {
      file->lock = SQLITE_LOCK_PENDING;
      return SQLITE_BUSY;
    }
  }
  file->lock = lock;
  return SQLITE_OK;
}

static int unlockFile(sqlite3_file *base, int lock) {
  struct File *file = fileOf(base);
  struct Node *node = file->node;
  if (!node || file->lock <= lock) return SQLITE_OK;
  if (node->reserving == file) node->reserving = NULL;
  if (node->excluding == file) node->excluding = NULL;
  if (lock == SQLITE_LOCK_NONE) node->readers--;
  file->lock = lock;
  return SQLITE_OK;
}

static int checkReserved(sqlite3_file *base, int *result) {
  struct Node *node = fileOf(base)->node;
  *result = node && node->reserving;
  return SQLITE_OK;
}

// Shared memory

static int mapMemory(sqlite3_file *base, int region, int size, int extend,
                     void volatile **address) {
  struct File *file = fileOf(base);
  struct Node *node = file->node;
  *address = NULL;
  file->usesMemory = true;
  if (region >= node->regionCount) {
    if (!extend) return SQLITE_OK;
    char **regions = realloc(node->regions, (size_t)(region + 1) * sizeof *regions);
    if (!regions) return SQLITE_NOMEM;
    node->regions = regions;
    while (node->regionCount <= region) {
      char *bytes = calloc(1, (size_t)size);
      if (!bytes) return SQLITE_NOMEM;
      regions[node->regionCount++] = bytes;
    }
  }
  *address = node->regions[region];
  return SQLITE_OK;
}

static int lockMemory(sqlite3_file *base, int first, int count, int flags) {
  struct File *file = fileOf(base);
  struct Node *node = file->node;
  for (int slot = first; slot < first + count && flags & SQLITE_SHM_LOCK; slot++) {
    if (node->exclusive[slot] && node->exclusive[slot] != file) return SQLITE_BUSY;
    int own = file->shared >> slot & 1;
    if (flags & SQLITE_SHM_EXCLUSIVE && node->shared[slot] > own) return SQLITE_BUSY;
  }
  for (int slot = first; slot < first + count; slot++) {
    unsigned bit = 1u << slot;
    bool isLocking = flags & SQLITE_SHM_LOCK;
    if (flags & SQLITE_SHM_SHARED) {
      bool isLocked = file->shared & bit;
      if (isLocking == isLocked) continue;
      node->shared[slot] += isLocking ? 1 : -1;
      file->shared ^= bit;
    } else {
      if (!isLocking && node->exclusive[slot] != file) continue;
      node->exclusive[slot] = isLocking ? file : NULL;
    }
  }
  return SQLITE_OK;
}

static void passBarrier(sqlite3_file *base) {
  (void)base;
  __sync_synchronize();
}

static int unmapMemory(sqlite3_file *base, int deletes) {
  (void)deletes;
  struct File *file = fileOf(base);
  if (!file->usesMemory) return SQLITE_OK;
  file->usesMemory = false;
  lockMemory(base, 0, SQLITE_SHM_NLOCK, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
  lockMemory(base, 0, SQLITE_SHM_NLOCK, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
  return SQLITE_OK;
}

// Files

static int control(sqlite3_file *base, int operation, void *argument) {
  if (operation != SQLITE_FCNTL_PRAGMA) return SQLITE_NOTFOUND;
  // The arguments are where the answer goes, the pragma's name and its value; done says that SQLite
  // has nothing more to do.
  char **pragma = argument;
  if (!pragma[2]) return SQLITE_NOTFOUND;
  switch (fileOf(base)->disk->withheld) {
  case PROGFED_WITHHELD_NONE:
    return SQLITE_NOTFOUND;
  case PROGFED_WITHHELD_FULL:
    if (sqlite3_stricmp(pragma[1], "synchronous") != 0) return SQLITE_NOTFOUND;
    return sqlite3_stricmp(pragma[2], "full") == 0 ? SQLITE_OK : SQLITE_NOTFOUND;
  case PROGFED_WITHHELD_WAL:
    if (sqlite3_stricmp(pragma[1], "journal_mode") != 0) return SQLITE_NOTFOUND;
    pragma[0] = sqlite3_mprintf("wal");
    return SQLITE_OK;
  }
  return SQLITE_NOTFOUND;
}

static int sectorSize(sqlite3_file *base) {
  (void)base;
  return sectorBytes;
}

static int characteristics(sqlite3_file *base) {
  (void)base;
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int closeFile(sqlite3_file *base) {
  struct File *file = fileOf(base);
  if (file->node) {
    unmapMemory(base, 0);
    unlockFile(base, SQLITE_LOCK_NONE);
    release(file->disk, file->node);
    file->node = NULL;
  }
  // The disk may go with its last file.
  operationsOf(file)->close(file->file);
  return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = closeFile,
    .xRead = readBytes,
    .xWrite = writeBytes,
    .xTruncate = truncateFile,
    .xSync = syncFile,
    .xFileSize = sizeOfFile,
    .xLock = lockFile,
    .xUnlock = unlockFile,
    .xCheckReservedLock = checkReserved,
    .xFileControl = control,
    .xSectorSize = sectorSize,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = mapMemory,
    .xShmLock = lockMemory,
    .xShmBarrier = passBarrier,
    .xShmUnmap = unmapMemory,
};

// The file system

static struct progfed_sqlite_disk *diskOf(sqlite3_vfs *vfs) { return vfs->pAppData; }

static int openFile(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags,
                    int *outFlags) {
  struct progfed_sqlite_disk *disk = diskOf(vfs);
  // What has no name goes with the process.
  if (!path) return disk->system->xOpen(disk->system, path, base, flags, outFlags);
  struct File *file = fileOf(base);
  *file = (struct File){.disk = disk, .path = path};
  bool isThere = disk->operations.size_at(disk->operations.disk, path) >= 0;
  file->file = disk->operations.open(disk->operations.disk, path, flags & SQLITE_OPEN_CREATE);
  if (!file->file) return isThere || flags & SQLITE_OPEN_CREATE ? SQLITE_IOERR : SQLITE_CANTOPEN;
  if (flags & SQLITE_OPEN_MAIN_DB) {
    file->node = nodeAt(disk, path);
    if (!file->node) {
      disk->operations.close(file->file);
      return SQLITE_NOMEM;
    }
  }
  file->isNew = !isThere && flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL);
  base->pMethods = &methods;
  if (outFlags) *outFlags = flags;
  return SQLITE_OK;
}

static int deleteFile(sqlite3_vfs *vfs, const char *path, int syncs) {
  const struct progfed_disk_operations *operations = &diskOf(vfs)->operations;
  switch (operations->unlink(operations->disk, path)) {
  case 0:
    break;
  case 1:
    return SQLITE_IOERR_DELETE_NOENT;
  default:
    return SQLITE_IOERR_DELETE;
  }
  if (!syncs) return SQLITE_OK;
  bool isDone = operations->sync_names(operations->disk, path) == 0;
  return isDone ? SQLITE_OK : SQLITE_IOERR_DIR_FSYNC;
}

static int checkAccess(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
  const struct progfed_disk_operations *operations = &diskOf(vfs)->operations;
  int64_t size = operations->size_at(operations->disk, path);
  *result = flags == SQLITE_ACCESS_EXISTS ? size > 0 : size >= 0;
  return SQLITE_OK;
}

static int fullPath(sqlite3_vfs *vfs, const char *path, int size, char *full) {
  (void)vfs;
  sqlite3_snprintf(size, full, "%s", path);
  return SQLITE_OK;
}

static int fillRandomly(sqlite3_vfs *vfs, int count, char *bytes) {
  sqlite3_vfs *system = diskOf(vfs)->system;
  return system->xRandomness(system, count, bytes);
}

/// Who else would take the lock away, in virtual time?
static int dontSleep(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs;
  return microseconds;
}

static int tellTime(sqlite3_vfs *vfs, double *time) {
  (void)vfs;
  *time = 2440587.5; // the beginning of 1970, in days
  return SQLITE_OK;
}

static int tellError(sqlite3_vfs *vfs, int size, char *text) {
  (void)vfs;
  if (size > 0) text[0] = 0;
  return 0;
}

struct progfed_sqlite_disk *
progfed_sqlite_disk_register(const char *name, const struct progfed_disk_operations *operations,
                             enum progfed_withheld withheld) {
  sqlite3_vfs *system = sqlite3_vfs_find(NULL);
  struct progfed_sqlite_disk *disk = calloc(1, sizeof *disk);
  char *ownName = strdup(name);
  if (!system || !disk || !ownName) {
    free(disk);
    free(ownName);
    return NULL;
  }
  disk->operations = *operations;
  disk->withheld = withheld;
  disk->system = system;
  int size = (int)sizeof(struct File);
  disk->vfs = (sqlite3_vfs){
      .iVersion = 1,
      .szOsFile = size > system->szOsFile ? size : system->szOsFile,
      .mxPathname = 512,
      .zName = ownName,
      .pAppData = disk,
      .xOpen = openFile,
      .xDelete = deleteFile,
      .xAccess = checkAccess,
      .xFullPathname = fullPath,
      .xRandomness = fillRandomly,
      .xSleep = dontSleep,
      .xCurrentTime = tellTime,
      .xGetLastError = tellError,
  };
  if (sqlite3_vfs_register(&disk->vfs, 0) != SQLITE_OK) {
    free(disk);
    free(ownName);
    return NULL;
  }
  return disk;
}

void progfed_sqlite_disk_restart(struct progfed_sqlite_disk *disk) { disk->nodes = NULL; }

void progfed_sqlite_disk_unregister(struct progfed_sqlite_disk *disk) {
  sqlite3_vfs_unregister(&disk->vfs);
  free((char *)disk->vfs.zName);
  free(disk);
}
