import Foundation

/// The place of durable files: the only way in which this package makes, changes, renames or
/// removes one, but for SQLite's.
///
/// Real runs use ``SystemStorage``. The fault simulator has a disk of its own from which power is
/// taken, on which the same code runs. Paths are those of the system; a `/` may end a folder's.
public protocol Storage: Sendable {
  /// The name of SQLite's file system (VFS) that keeps a ledger here; nil for SQLite's own.
  var databaseFileSystem: String? { get }

  /// Opens a file, and makes it if that is wanted.
  ///
  /// - Parameters:
  ///   - path: The file's path.
  ///   - purpose: What it is opened for, and whether it is made.
  ///   - mode: The permissions of a file that is made, as chmod(2) writes them.
  /// - Returns: The file, at its beginning.
  /// - Throws: ``LedgerError``.
  func open(
    _ path: String, for purpose: FilePurpose, mode: UInt32
  ) throws(LedgerError) -> any StoredFile

  /// Gives a file another name, over what has that name; durable after ``syncDirectory(_:)``.
  func rename(_ old: String, to new: String) throws(LedgerError)

  /// Removes a file; durable after ``syncDirectory(_:)``.
  ///
  /// - Throws: `absent`, `isFolder`.
  func unlink(_ path: String) throws(LedgerError)

  /// Makes a folder in one that is there; durable after ``syncDirectory(_:)``.
  ///
  /// - Throws: `exists` where anything is; `absent`, `notFolder` for what should hold it.
  func makeDirectory(_ path: String) throws(LedgerError)

  /// Removes a folder that is empty; durable after ``syncDirectory(_:)``.
  func removeDirectory(_ path: String) throws(LedgerError)

  /// The names in a folder, in no order.
  func names(in path: String) throws(LedgerError) -> [String]

  /// The kind of thing at a path, links being followed; nil for nothing.
  func kind(of path: String) -> FileKind?

  /// Waits until what a folder lists is on the disk.
  func syncDirectory(_ path: String) throws(LedgerError)
}

/// A purpose for which a file is opened.
public enum FilePurpose: Hashable, Sendable {
  /// To be read.
  case reading
  /// To be read and changed; it must be there.
  case changing
  /// To be read and changed; an empty one is made where there is none.
  case keeping
  /// To be written from its beginning; what it held is gone.
  case replacing
  /// To be written; nothing may be there.
  case making
}

/// A kind of thing that lies at a path.
public enum FileKind: Hashable, Sendable {
  /// A folder.
  case folder
  /// A file, or anything else.
  case file
}

/// A file that is open; it is closed with the last reference to it.
public protocol StoredFile: AnyObject, Sendable {
  /// The path by which it was opened.
  var path: String { get }

  /// Writes all bytes at the file's position, which is its beginning at first.
  ///
  /// They are on the disk after ``sync()``.
  func write(_ bytes: [UInt8]) throws(LedgerError)

  /// Reads `count` bytes from `offset`, or fewer at the file's end.
  func read(_ count: Int, at offset: Int) throws(LedgerError) -> [UInt8]

  /// The file's length in bytes.
  func size() throws(LedgerError) -> Int

  /// Cuts the file off after `size` bytes and goes there.
  func truncate(to size: Int) throws(LedgerError)

  /// Goes to an offset, at which the next bytes are written.
  func seek(to offset: Int) throws(LedgerError)

  /// Waits until contents and length are on the disk.
  ///
  /// - Throws: ``LedgerError``. What was written since the last call that succeeded may then never
  ///   reach the disk, although it can be read, and although a later call succeeds.
  func sync() throws(LedgerError)

  /// Keeps other processes from locking the file.
  ///
  /// - Returns: False if one has locked it.
  func lock() throws(LedgerError) -> Bool

  /// Gives up the lock.
  func unlock()
}

extension StoredFile {
  /// Reads `count` bytes from `offset`, again where they seem wrong: a reading may be at fault, and
  /// not what is on the disk.
  ///
  /// - Returns: Bytes that `isRight` takes; nil if two readings agree on others.
  /// - Throws: ``LedgerError``, also where no two readings agree.
  func read(
    _ count: Int, at offset: Int, _ isRight: ([UInt8]) -> Bool
  ) throws(LedgerError) -> [UInt8]? {
    var last: [UInt8]?
    for _ in 0..<FileReading.most {
      let bytes = try read(count, at: offset)
      if isRight(bytes) { return bytes }
      if bytes == last { return nil }
      last = bytes
    }
    throw FileReading.disagreement(path)
  }
}

/// The readings of what seems damaged.
enum FileReading {
  /// The most readings of which two must agree.
  static let most = 5

  /// The error where none agree.
  static func disagreement(_ path: String) -> LedgerError {
    .system(path: path, operation: "reading the same bytes twice", code: EIO)
  }
}
