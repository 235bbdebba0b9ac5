import Foundation

/// The file systems of the operating system.
public struct SystemStorage: Storage {
  /// The file systems that this process sees.
  public init() {}

  /// SQLite's own file system.
  public var databaseFileSystem: String? { nil }

  /// Opens a file by open(2); a program that is started doesn't get it.
  public func open(
    _ path: String, for purpose: FilePurpose, mode: UInt32
  ) throws(LedgerError) -> any StoredFile {
    let flags =
      switch purpose {
      case .reading: O_RDONLY
      case .changing: O_RDWR
      case .keeping: O_RDWR | O_CREAT
      case .replacing: O_WRONLY | O_CREAT | O_TRUNC
      case .making: O_WRONLY | O_CREAT | O_EXCL
      }
    return try SystemFile(path, flags, mode: mode)
  }

  /// Renames a file by rename(2).
  public func rename(_ old: String, to new: String) throws(LedgerError) {
    // SAFETY: both paths are passed as terminated strings that outlive the call.
    try SystemFile.check("rename", new) { unsafe Glibc.rename(old, new) }
  }

  /// Removes a file by unlink(2).
  public func unlink(_ path: String) throws(LedgerError) {
    // SAFETY: the path is passed as a terminated string that outlives the call.
    try SystemFile.check("unlink", path) { unsafe Glibc.unlink(path) }
  }

  /// Makes a folder by mkdir(2).
  public func makeDirectory(_ path: String) throws(LedgerError) {
    do throws(LedgerError) {
      // SAFETY: the path is passed as a terminated string that outlives the call.
      try SystemFile.check("mkdir", path) { unsafe mkdir(path, 0o777) }
    } catch .system(_, _, EEXIST) {
      throw .exists(path: path)
    }
  }

  /// Removes a folder by rmdir(2).
  public func removeDirectory(_ path: String) throws(LedgerError) {
    // SAFETY: the path is passed as a terminated string that outlives the call.
    try SystemFile.check("rmdir", path) { unsafe rmdir(path) }
  }

  /// The names in a folder but for `.` and `..`.
  public func names(in path: String) throws(LedgerError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw SystemCode.error("readdir", path, code: DurableFile.code(of: error))
    }
  }

  /// The kind of thing at a path.
  public func kind(of path: String) -> FileKind? {
    var isFolder: ObjCBool = false
    // SAFETY: Foundation writes the flag during the call.
    guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      return nil
    }
    return isFolder.boolValue ? .folder : .file
  }

  /// Brings a folder to the disk by fsync(2).
  public func syncDirectory(_ path: String) throws(LedgerError) {
    let folder = try SystemFile(path, O_RDONLY | O_DIRECTORY, mode: 0)
    try folder.sync("fsync", fsync)
  }
}

/// An open file of the operating system; interrupted calls are repeated.
private final class SystemFile: StoredFile {
  let path: String
  private let descriptor: Int32

  /// Opens `path` with the flags of open(2), and `mode` where it is made.
  init(_ path: String, _ flags: Int32, mode: UInt32) throws(LedgerError) {
    // SAFETY: the path is passed as a terminated string that outlives the call.
    let descriptor = try Self.check("open", path) {
      unsafe open(path, flags | O_CLOEXEC, mode_t(mode))
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  func write(_ bytes: [UInt8]) throws(LedgerError) {
    var done = 0
    while done < bytes.count {
      done += try Self.check("write", path) {
        // SAFETY: `done` is below the count; the pointer stays in the closure.
        unsafe bytes.withUnsafeBytes {
          unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done)
        }
      }
    }
  }

  func read(_ count: Int, at offset: Int) throws(LedgerError) -> [UInt8] {
    var bytes: [UInt8] = Array(repeating: 0, count: count)
    var done = 0
    while done < count {
      let step = try Self.check("read", path) {
        // SAFETY: `done` is below the count; the pointer stays in the closure.
        unsafe bytes.withUnsafeMutableBytes {
          unsafe pread(
            descriptor, $0.baseAddress?.advanced(by: done), $0.count - done, off_t(offset + done))
        }
      }
      if step == 0 { break }
      done += step
    }
    if done < count { bytes.removeLast(count - done) }
    return bytes
  }

  func size() throws(LedgerError) -> Int {
    var facts = stat()
    // SAFETY: the system fills the structure during the call.
    try Self.check("fstat", path) { unsafe fstat(descriptor, &facts) }
    return Int(facts.st_size)
  }

  func truncate(to size: Int) throws(LedgerError) {
    try Self.check("ftruncate", path) { ftruncate(descriptor, off_t(size)) }
    try seek(to: size)
  }

  func seek(to offset: Int) throws(LedgerError) {
    try Self.check("lseek", path) { lseek(descriptor, off_t(offset), SEEK_SET) }
  }

  // The times of the file, which nobody needs, may wait.
  func sync() throws(LedgerError) { try sync("fdatasync", fdatasync) }

  /// Waits for the disk by a system call.
  ///
  /// One that fails isn't repeated: the system tells a failure once, and the next would succeed.
  func sync(_ name: String, _ call: (Int32) -> Int32) throws(LedgerError) {
    try Self.check(name, path) { call(descriptor) }
  }

  func lock() throws(LedgerError) -> Bool {
    do throws(LedgerError) {
      try Self.check("flock", path) { flock(descriptor, LOCK_EX | LOCK_NB) }
    } catch .system(_, _, EWOULDBLOCK) {
      return false
    }
    return true
  }

  func unlock() { _ = flock(descriptor, LOCK_UN) }

  /// Runs a system call until it isn't interrupted, and makes −1 an error.
  @discardableResult
  static func check<Result: FixedWidthInteger>(
    _ operation: String, _ path: String, _ call: () -> Result
  ) throws(LedgerError) -> Result {
    while true {
      let result = call()
      if result != -1 { return result }
      let code = errno
      if code != EINTR { throw SystemCode.error(operation, path, code: code) }
    }
  }
}
