import CZlib
import Foundation

/// A plain or gzip-compressed file (RFC 1952), read once from front to back in bounded memory.
///
/// Nothing is allocated for bytes that the file can't hold: a plain file holds its size, a
/// compressed one at most 1,032 times its size, which is as far as deflate (RFC 1951) goes.
@safe struct ByteFile: ~Copyable {
  /// The path of the file.
  let path: String
  /// The most that one file may unpack to, in bytes.
  let limit: Int
  /// The number of uncompressed bytes read.
  private(set) var position = 0
  /// The most bytes that can come in all.
  private let capacity: Int
  private let isPlain: Bool
  private let handle: gzFile

  /// Opens the file at `path`, which must be a regular one.
  init(path: String, limit: Int = ByteFile.standardLimit) throws(DatasetError) {
    let size = try Self.regularSize(of: path)
    // SAFETY: the path is a terminated string for the time of the call.
    guard let opened = unsafe gzopen(path, "rb") else {
      throw .unreadable(path: path, reason: Self.lastSystemError())
    }
    // SAFETY: the handle was opened above and is closed by `deinit` alone.
    unsafe gzbuffer(opened, 1 << 18)
    let isPlain = unsafe gzdirect(opened) == 1
    let (unpacked, overflow) = size.multipliedReportingOverflow(by: isPlain ? 1 : 1032)
    self.path = path
    self.limit = limit
    self.isPlain = isPlain
    capacity = min(overflow ? .max : unpacked, limit)
    unsafe handle = opened
  }

  deinit {
    // SAFETY: nobody else closes the handle.
    _ = unsafe gzclose(handle)
  }

  /// Two gibibytes: more than any of the known files takes.
  static let standardLimit = 1 << 31

  /// Refuses `count` more bytes unless the file can hold them and the limit allows them.
  func checkRoom(for count: Int) throws(DatasetError) {
    guard count < 0 || count > capacity - position else { return }
    let (sum, overflow) = count.addingReportingOverflow(position)
    let announced = overflow ? .max : sum
    guard announced <= limit || capacity == limit else {
      throw .impossible(path: path, announced: announced, possible: capacity)
    }
    guard announced <= limit else {
      throw .tooLarge(path: path, announced: announced, limit: limit)
    }
    if isPlain { throw .truncated(path: path, needed: announced, available: capacity) }
    throw .impossible(path: path, announced: announced, possible: capacity)
  }

  /// The next `count` bytes, all of them.
  mutating func read(_ count: Int) throws(DatasetError) -> [UInt8] {
    try checkRoom(for: count)
    let start = position
    var failure: DatasetError?
    // Uninitialized memory costs no pages until bytes really come.
    // SAFETY: exactly the first `filled` bytes were written.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(DatasetError) {
        filled = try unsafe fill(UnsafeMutableRawBufferPointer(buffer))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    guard bytes.count == count else {
      throw .truncated(path: path, needed: start + count, available: position)
    }
    return bytes
  }

  /// Fills `buffer` as far as the file goes and returns how many bytes came; fewer than fit mean
  /// its end.
  mutating func readSome(into buffer: inout [UInt8]) throws(DatasetError) -> Int {
    var result = Result<Int, DatasetError>.success(0)
    // SAFETY: the pointer stays in the closure.
    unsafe buffer.withUnsafeMutableBytes { bytes in
      do throws(DatasetError) { result = .success(try unsafe fill(bytes)) } catch {
        result = .failure(error)
      }
    }
    return try result.get()
  }

  private mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
    var filled = 0
    while filled < buffer.count, let base = buffer.baseAddress {
      let part = UInt32(min(buffer.count - filled, 1 << 30))
      // SAFETY: `part` bytes fit behind `filled`.
      let got = unsafe gzread(handle, base + filled, part)
      if got < 0 { throw failure() }
      if got == 0 { break }
      filled += Int(got)
      position += Int(got)
    }
    if filled < buffer.count, isCutShort {
      throw .damaged(path: path, reason: "the compressed data ends early")
    }
    return filled
  }

  /// Refuses a file that goes on; also what verifies the checksum of a compressed one.
  mutating func expectEnd() throws(DatasetError) {
    let expected = position
    var probe: [UInt8] = [0]
    guard try readSome(into: &probe) == 0 else {
      throw .trailingBytes(path: path, expected: expected)
    }
  }

  /// True if zlib met the end of the file inside a compressed stream.
  private var isCutShort: Bool {
    var code: Int32 = 0
    // SAFETY: the handle is open.
    _ = unsafe gzerror(handle, &code)
    return code == Z_BUF_ERROR
  }

  private func failure() -> DatasetError {
    var code: Int32 = 0
    // SAFETY: zlib's message is a terminated string that lives until the next call.
    let message = unsafe gzerror(handle, &code).map { unsafe String(cString: $0) } ?? "code \(code)"
    if code == Z_ERRNO { return .unreadable(path: path, reason: Self.lastSystemError()) }
    return .damaged(path: path, reason: message.replacing("\(path): ", with: ""))
  }

  private static func regularSize(of path: String) throws(DatasetError) -> Int {
    var status = stat()
    // SAFETY: the path is a terminated string and the status is written during the call.
    guard unsafe stat(path, &status) == 0 else {
      let isMissing = errno == ENOENT
      throw .unreadable(path: path, reason: isMissing ? "no such file" : lastSystemError())
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      throw .unreadable(
        path: path, reason: isFolder ? "this is a folder, not a file" : "this isn't a regular file")
    }
    return Int(status.st_size)
  }

  /// True if something lies at `path`.
  static func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  private static func lastSystemError() -> String {
    // SAFETY: the message is copied at once.
    unsafe String(cString: strerror(errno))
  }
}
