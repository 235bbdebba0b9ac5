import CZlib
import Foundation

/// A folder of a test's own, removed with everything in it when the test lets go of it.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes `bytes` to `name`, compressed where the name ends in ".gz", and returns the file's
  /// path.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = "\(path)/\(name)"
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    guard name.hasSuffix(".gz") else {
      try Data(bytes).write(to: URL(fileURLWithPath: file))
      return file
    }
    let handle = gzopen(file, "wb9")
    var start = 0
    while start < bytes.count {
      let part = min(bytes.count - start, 1 << 20)
      let written = Array(bytes[start..<start + part]).withUnsafeBytes {
        gzwrite(handle, $0.baseAddress, UInt32(part))
      }
      if written <= 0 { throw CocoaError(.fileWriteUnknown) }
      start += part
    }
    if gzclose(handle) != Z_OK { throw CocoaError(.fileWriteUnknown) }
    return file
  }

  /// Removes the file `name`.
  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: "\(path)/\(name)")
  }

  /// Copies the file at `source` to `name`, unless it is there.
  func copy(_ source: String, to name: String) throws {
    let file = "\(path)/\(name)"
    guard !FileManager.default.fileExists(atPath: file) else { return }
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: source, toPath: file)
  }

  /// The bytes of the file `name`, not unpacked.
  func bytes(of name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
  }

  /// Replaces the file `name` by `bytes` as they are.
  func replace(_ name: String, with bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }
}
