import Foundation
import Ledger

/// Where a report goes: a file that was named, or standard output.
struct Output {
  private let path: String?

  /// The file at `path`; standard output where there is none.
  init(_ path: String?) { self.path = path }

  /// Writes all of `content`; a file is written whole or not at all.
  ///
  /// - Throws: `LedgerError`.
  func write(_ content: Data) throws {
    guard let path else {
      do { return try FileHandle.standardOutput.write(contentsOf: content) } catch {
        throw DurableFile.translated(error, "write", URL(fileURLWithPath: "/dev/stdout"))
      }
    }
    try DurableFile.write(content, to: URL(fileURLWithPath: path))
  }
}
