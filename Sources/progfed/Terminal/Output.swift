import Foundation
import Ledger

/// Where a report goes: a file that was named, or standard output.
struct Output {
  private let path: String?

  /// The file at `path`; standard output where there is none.
  init(_ path: String?) { self.path = path }

  /// Writes all of `content`; a file is written whole or not at all.
  func write(_ content: Data) throws {
    guard let path else { return FileHandle.standardOutput.write(content) }
    try DurableFile.write(content, to: URL(fileURLWithPath: path))
  }
}
