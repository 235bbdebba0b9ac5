import Foundation

/// A file that is read in whatever place, as it is.
struct RandomFile: ~Copyable {
  /// The path of the file.
  let path: String
  /// Its size when it was opened, in bytes.
  let size: Int
  private let descriptor: Int32

  /// Opens the file at `path`, which must be a regular one.
  init(path: String) throws(DatasetError) {
    // SAFETY: the path is a terminated string for the time of the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw .unreadable(path: path, reason: Self.lastSystemError())
    }
    var status = stat()
    // SAFETY: the status is written during the call.
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .unreadable(path: path, reason: "this isn't a regular file")
    }
    self.path = path
    size = Int(status.st_size)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// The `count` bytes from `offset` on, all of them.
  func read(_ count: Int, at offset: Int) throws(DatasetError) -> [UInt8] {
    guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
      let (end, overflow) = offset.addingReportingOverflow(max(count, 0))
      throw .truncated(path: path, needed: overflow ? .max : end, available: size)
    }
    // SAFETY: exactly the first `filled` bytes were written, and no more than fit are asked for.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count, let base = buffer.baseAddress {
        let got = unsafe pread(descriptor, base + filled, count - filled, off_t(offset + filled))
        if got < 0, errno == EINTR { continue }
        guard got > 0 else { break }
        filled += got
      }
    }
    guard bytes.count == count else {
      throw .truncated(path: path, needed: offset + count, available: offset + bytes.count)
    }
    return bytes
  }

  /// All bytes of the file at `path`, of which there may be `limit`.
  static func contents(of path: String, limit: Int) throws(DatasetError) -> [UInt8] {
    let file = try RandomFile(path: path)
    guard file.size <= limit else {
      throw .tooLarge(path: path, announced: file.size, limit: limit)
    }
    return try file.read(file.size, at: 0)
  }

  private static func lastSystemError() -> String {
    // SAFETY: the message is copied at once.
    unsafe String(cString: strerror(errno))
  }
}

/// A file that stays open while samples are read from it one by one, on any thread.
///
/// A large file is never in memory as a whole, beside the samples that are made of it.
final class OpenFile: Sendable {
  private let file: RandomFile

  /// Opens the file at `path`, which may have `limit` bytes.
  init(path: String, limit: Int) throws(DatasetError) {
    file = try RandomFile(path: path)
    guard file.size <= limit else {
      throw .tooLarge(path: path, announced: file.size, limit: limit)
    }
  }

  /// The path of the file.
  var path: String { file.path }

  /// Its size when it was opened, in bytes.
  var size: Int { file.size }

  /// The `count` bytes from `offset` on, all of them.
  func read(_ count: Int, at offset: Int) throws(DatasetError) -> [UInt8] {
    try file.read(count, at: offset)
  }

  /// The first `count` bytes, or all that there are.
  func head(_ count: Int) throws(DatasetError) -> [UInt8] { try read(min(count, size), at: 0) }
}
