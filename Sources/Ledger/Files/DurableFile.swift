public import Foundation

/// Files that are there whole or not at all, also when power fails.
public enum DurableFile {
  /// Replaces the file at `url`: temporary file, fsync, rename, fsync of the directory.
  ///
  /// - Parameters:
  ///   - bytes: The contents.
  ///   - url: The place of the file, which may be there.
  ///   - mode: The permissions of the file, of which the process's mask takes away.
  ///   - storage: The file system.
  /// - Throws: ``LedgerError``; the old contents are then still there.
  public static func write(
    _ bytes: some DataProtocol, to url: URL, mode: UInt32 = 0o644,
    on storage: any Storage = SystemStorage()
  ) throws(LedgerError) {
    try replace(url, with: Array(bytes), mode: mode, on: storage)
  }

  /// Replaces the file at `url`; `point` is passed when its contents are on the disk under another
  /// name.
  static func replace(
    _ url: URL, with bytes: [UInt8], mode: UInt32 = 0o644, before point: KillPoint? = nil,
    on storage: any Storage
  ) throws(LedgerError) {
    let temporary = RunPaths.partial(url)
    do throws(LedgerError) {
      let file = try storage.open(temporary.filePath, for: .replacing, mode: mode)
      try file.write(bytes)
      try file.sync()
      point?.pass()
      try move(temporary, to: url, on: storage)
    } catch {
      // What was wrong first is the news; that the rest can't be removed follows from it.
      try? remove(temporary, on: storage)
      switch error {
      case _ where storage.kind(of: url.filePath) == .folder: throw .isFolder(path: url.filePath)
      case .absent, .notFolder:
        throw .noFolder(path: url.deletingLastPathComponent().filePath)
      default: throw error
      }
    }
  }

  /// Renames a file in its directory, durably, over what has the new name.
  static func move(_ old: URL, to new: URL, on storage: any Storage) throws(LedgerError) {
    try storage.rename(old.filePath, to: new.filePath)
    try storage.syncDirectory(new.deletingLastPathComponent().filePath)
  }

  /// The bytes of the file at `url`, whose size is looked at first.
  package static func read(
    _ url: URL, limit: Int = .max, on storage: any Storage = SystemStorage()
  ) throws(LedgerError) -> [UInt8] {
    let file = try storage.open(url.filePath, for: .reading, mode: 0)
    let size = try file.size()
    guard size <= limit else {
      throw .damaged(path: file.path, problem: "\(size) bytes, where at most \(limit) make sense")
    }
    return try file.read(size, at: 0)
  }

  /// The value that `parse` makes of the file at `url`, which is read again where it seems damaged:
  /// a reading may be at fault, and not what is on the disk.
  ///
  /// - Throws: ``LedgerError``; `damaged` if two readings agree.
  package static func read<Value>(
    _ url: URL, limit: Int = .max, on storage: any Storage,
    _ parse: ([UInt8]) throws(LedgerError) -> Value
  ) throws(LedgerError) -> Value {
    var last: [UInt8]?
    for _ in 0..<FileReading.most {
      let bytes = try read(url, limit: limit, on: storage)
      do throws(LedgerError) { return try parse(bytes) } catch {
        guard case .damaged = error, bytes != last else { throw error }
      }
      last = bytes
    }
    throw FileReading.disagreement(url.filePath)
  }

  /// Makes a directory, with those that hold it, unless there is one; each that is made is on the
  /// disk when this returns.
  package static func makeDirectory(
    _ url: URL, on storage: any Storage = SystemStorage()
  ) throws(LedgerError) {
    let path = url.filePath
    do throws(LedgerError) {
      try make(path, on: storage)
    } catch {
      switch error {
      // Nothing is missing there: what should hold the directory can't.
      case .absent, .notFolder, .exists: throw .notFolder(path: path)
      case .readOnly: throw .readOnly(path: path)
      default: throw error
      }
    }
  }

  private static func make(
    _ path: String, isAgain: Bool = false, on storage: any Storage
  ) throws(LedgerError) {
    do throws(LedgerError) {
      try storage.makeDirectory(path)
    } catch {
      // What is there is told in several ways, on a file system that can't be written as well.
      if storage.kind(of: path) == .folder { return }
      guard case .absent = error, !isAgain, let parent = parent(of: path) else { throw error }
      try make(parent, on: storage)
      return try make(path, isAgain: true, on: storage)
    }
    try syncFolder(path, on: storage)
  }

  /// Waits until the name of a folder is on the disk; one that is empty goes where that fails, so
  /// that nobody relies on a name that memory alone may have.
  static func syncFolder(_ path: String, on storage: any Storage) throws(LedgerError) {
    do throws(LedgerError) { try syncName(of: path, on: storage) } catch {
      try? storage.removeDirectory(path)
      throw error
    }
  }

  /// Waits until the name of what is at `path` is on the disk.
  static func syncName(of path: String, on storage: any Storage) throws(LedgerError) {
    do throws(LedgerError) {
      try storage.syncDirectory(parent(of: path) ?? ".")
    } catch .readOnly {
      return  // a folder that may be written to and not listed can't be opened
    }
  }

  /// The path of the folder that holds what is at `path`; nil where the path doesn't tell.
  private static func parent(of path: String) -> String? {
    let parent = (path as NSString).deletingLastPathComponent
    return parent.isEmpty || parent == path ? nil : parent
  }

  /// The names in a directory, sorted.
  package static func names(
    in url: URL, on storage: any Storage = SystemStorage()
  ) throws(LedgerError) -> [String] {
    try storage.names(in: url.filePath).sorted()
  }

  /// Removes the file at `url`, if there is one; it may come back when the power goes.
  package static func remove(
    _ url: URL, on storage: any Storage = SystemStorage()
  ) throws(LedgerError) {
    do throws(LedgerError) {
      try storage.unlink(url.filePath)
    } catch .absent {
      return
    }
  }

  /// Removes the file at `url`, if there is one, for good.
  package static func removeDurably(
    _ url: URL, on storage: any Storage = SystemStorage()
  ) throws(LedgerError) {
    try remove(url, on: storage)
    try syncName(of: url.filePath, on: storage)
  }

  /// Removes what is at `url`, if anything is, and all that a directory holds.
  ///
  /// A link goes, not what it leads to.
  static func removeAll(at url: URL, on storage: any Storage) throws(LedgerError) {
    do throws(LedgerError) {
      try remove(url, on: storage)
    } catch .isFolder {
      for name in try names(in: url, on: storage) {
        try removeAll(at: url.appending(path: name), on: storage)
      }
      try storage.removeDirectory(url.filePath)
    }
  }

  /// An error of Foundation's as one of the ledger's.
  package static func translated(
    _ error: any Error, _ operation: String, _ url: URL
  ) -> LedgerError {
    SystemCode.error(operation, url.path(percentEncoded: false), code: code(of: error))
  }

  /// The system's code beneath an error of Foundation.
  package static func code(of error: any Error) -> Int32 {
    if let error = error as? POSIXError { return error.code.rawValue }
    // Foundation has it as an error of Swift's here, and as one of its own there.
    if let beneath = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error {
      let beneath = beneath as NSError
      if beneath.domain == NSPOSIXErrorDomain { return Int32(beneath.code) }
    }
    guard let error = error as? CocoaError else { return EIO }
    return switch error.code {
    case .fileWriteNoPermission, .fileReadNoPermission: EACCES
    case .fileWriteVolumeReadOnly: EROFS
    case .fileWriteOutOfSpace: ENOSPC
    case .fileNoSuchFile, .fileReadNoSuchFile: ENOENT
    case .fileWriteFileExists: EEXIST
    default: EIO
    }
  }
}

extension URL {
  /// The path of a file, as the system takes it.
  var filePath: String { path(percentEncoded: false) }
}
