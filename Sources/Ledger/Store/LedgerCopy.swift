import Foundation

/// A copy of a ledger in a folder of its own, which goes when the copy does.
///
/// SQLite has to write where a ledger wasn't closed: a run may lie where nobody can.
final class LedgerCopy: Sendable {
  /// The path of the copied ledger.
  let ledger: String
  private let directory: URL

  /// Copies the ledger, the first of `files`, and those of the others that are there.
  ///
  /// - Throws: `readOnly`, `full` and whatever keeps the copy from being made.
  init(of files: [URL]) throws(LedgerError) {
    directory = FileManager.default.temporaryDirectory.appending(
      path: "progfed-\(UUID().uuidString)", directoryHint: .isDirectory)
    ledger =
      directory.appending(path: files.first?.lastPathComponent ?? "").path(percentEncoded: false)
    try DurableFile.makeDirectory(directory)
    for file in files where FileManager.default.fileExists(atPath: file.path) {
      // A shared index is made anew.
      guard !file.lastPathComponent.hasSuffix("-shm") else { continue }
      let bytes = try DurableFile.read(file)
      let copy = directory.appending(path: file.lastPathComponent).path(percentEncoded: false)
      try OpenFile(copy, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600).write(bytes)
    }
  }

  deinit { try? FileManager.default.removeItem(at: directory) }
}
