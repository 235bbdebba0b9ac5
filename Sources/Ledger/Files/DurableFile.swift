public import Foundation

/// Files that are there whole or not at all, also when power fails.
public enum DurableFile {
  /// Replaces the file at `url`: temporary file, fsync, rename, fsync of the directory.
  ///
  /// - Throws: ``LedgerError``; the old contents are then still there.
  public static func write(_ bytes: some DataProtocol, to url: URL) throws(LedgerError) {
    try replace(url, with: Array(bytes))
  }

  /// Replaces the file at `url`; `point` is passed when its contents are on the disk under another
  /// name.
  static func replace(
    _ url: URL, with bytes: [UInt8], before point: KillPoint? = nil
  ) throws(LedgerError) {
    let temporary = RunPaths.partial(url)
    do throws(LedgerError) {
      let file = try OpenFile(
        temporary.path(percentEncoded: false), O_WRONLY | O_CREAT | O_TRUNC)
      try file.write(bytes)
      try file.sync()
      point?.pass()
      try move(temporary, to: url)
    } catch {
      // What was wrong first is the news; that the rest can't be removed follows from it.
      try? remove(temporary)
      switch error {
      case _ where isFolder(url): throw .isFolder(path: url.path(percentEncoded: false))
      case .absent, .notFolder:
        throw .noFolder(path: url.deletingLastPathComponent().path(percentEncoded: false))
      default: throw error
      }
    }
  }

  /// True if there is a folder at `url`.
  static func isFolder(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    // SAFETY: Foundation writes the flag during the call.
    let exists = unsafe FileManager.default.fileExists(
      atPath: url.path(percentEncoded: false), isDirectory: &isFolder)
    return exists && isFolder.boolValue
  }

  /// Renames a file in its directory, durably, over what has the new name.
  static func move(_ old: URL, to new: URL) throws(LedgerError) {
    let (from, to) = (old.path(percentEncoded: false), new.path(percentEncoded: false))
    // SAFETY: both paths are passed as terminated strings that outlive the call.
    try OpenFile.check("rename", to) { unsafe rename(from, to) }
    try OpenFile.syncDirectory(new.deletingLastPathComponent().path(percentEncoded: false))
  }

  /// The bytes of the file at `url`, whose size is looked at first.
  package static func read(_ url: URL, limit: Int = .max) throws(LedgerError) -> [UInt8] {
    let file = try OpenFile(url.path(percentEncoded: false), O_RDONLY)
    let size = try file.size()
    guard size <= limit else {
      throw .damaged(path: file.path, problem: "\(size) bytes, where at most \(limit) make sense")
    }
    return try file.read(size, at: 0)
  }

  /// Makes a directory, with those that hold it, unless there is one.
  package static func makeDirectory(_ url: URL) throws(LedgerError) {
    let path = url.path(percentEncoded: false)
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      let code = Self.code(of: error)
      // Nothing is missing there: what should hold the directory can't.
      if [ENOENT, ENOTDIR, EEXIST].contains(code) { throw .notFolder(path: path) }
      throw SystemCode.error("mkdir", path, code: code)
    }
  }

  /// The names in a directory, sorted.
  package static func names(in url: URL) throws(LedgerError) -> [String] {
    let path = url.path(percentEncoded: false)
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    } catch {
      throw SystemCode.error("readdir", path, code: Self.code(of: error))
    }
  }

  /// Removes the file at `url`, if there is one.
  package static func remove(_ url: URL) throws(LedgerError) {
    let path = url.path(percentEncoded: false)
    do throws(LedgerError) {
      // SAFETY: the path is passed as a terminated string that outlives the call.
      try OpenFile.check("unlink", path) { unsafe unlink(path) }
    } catch .absent {
      return
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
