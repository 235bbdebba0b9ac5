import Foundation

/// Files that are written without waiting for the disk, as many small ones must be.
package enum PlainFile {
  /// Writes a file of `bytes` at `path`, where none is.
  ///
  /// - Throws: `DatasetError.unwritable`.
  package static func write(_ bytes: [UInt8], to path: String) throws(DatasetError) {
    // SAFETY: the path is a terminated string for the time of the call.
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw refusal(path) }
    defer { close(descriptor) }
    // SAFETY: no more bytes are written than there are, and the pointer stays in the closure.
    let isWhole = unsafe bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count, let base = buffer.baseAddress {
        let count = unsafe Foundation.write(descriptor, base + written, buffer.count - written)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        written += count
      }
      return true
    }
    guard isWhole else { throw refusal(path) }
  }

  /// Makes a copy of the file at `source` at `path`, or another name of the same file.
  static func copy(_ source: String, to path: String, isLinked: Bool) throws(DatasetError) {
    if isLinked {
      // SAFETY: both paths are terminated strings for the time of the call.
      guard unsafe link(source, path) != 0 else { return }
      guard errno == EXDEV else { throw refusal(path) }
      throw .unwritable(
        path: path,
        reason:
          "a link can't lead to another file system; leave --link out, or write beside \(source)"
      )
    }
    let file = try RandomFile(path: source)
    guard file.size <= 1 << 24 else {
      do { try FileManager.default.copyItem(atPath: source, toPath: path) } catch {
        throw refusal(path)
      }
      return
    }
    try write(file.read(file.size, at: 0), to: path)
  }

  /// The system's reason for refusing to write at `path`.
  static func refusal(_ path: String) -> DatasetError {
    // SAFETY: the message is copied at once.
    .unwritable(path: path, reason: unsafe String(cString: strerror(errno)))
  }
}
