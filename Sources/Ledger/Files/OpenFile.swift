import Foundation

/// An open file of the operating system; it closes itself.
struct OpenFile: ~Copyable {
  let path: String
  let descriptor: Int32

  /// Opens `path` with the flags of open(2), and `mode` where it is made; interrupted calls are
  /// repeated, here and below.
  init(_ path: String, _ flags: Int32, mode: mode_t = 0o644) throws(LedgerError) {
    // SAFETY: the path is passed as a terminated string that outlives the call.
    let descriptor = try Self.check("open", path) { unsafe open(path, flags | O_CLOEXEC, mode) }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Writes all bytes at the file's position.
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

  /// Reads `count` bytes from `offset`, or fewer at the file's end.
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

  /// The file's length in bytes.
  func size() throws(LedgerError) -> Int {
    try Self.check("lseek", path) { Int(lseek(descriptor, 0, SEEK_END)) }
  }

  /// Cuts the file off after `size` bytes and goes there.
  func truncate(to size: Int) throws(LedgerError) {
    try Self.check("ftruncate", path) { ftruncate(descriptor, off_t(size)) }
    try Self.check("lseek", path) { lseek(descriptor, off_t(size), SEEK_SET) }
  }

  /// Waits until the contents are on the disk.
  func sync() throws(LedgerError) { try Self.check("fsync", path) { fsync(descriptor) } }

  /// Waits until the contents, and the length, are on the disk.
  func syncData() throws(LedgerError) {
    try Self.check("fdatasync", path) { fdatasync(descriptor) }
  }

  /// Waits until what a directory lists is on the disk.
  static func syncDirectory(_ path: String) throws(LedgerError) {
    let directory = try OpenFile(path, O_RDONLY | O_DIRECTORY)
    try directory.sync()
  }

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
