import Foundation
import Ledger

/// The file of an allow-list, which people edit while a broker runs.
package enum AllowListFile {
  /// The largest file that is read.
  private static let largest = 64 << 20

  /// Reads the list.
  ///
  /// - Throws: `KeyFileError` where it can't be read, `AllowListError` with all that is wrong with
  ///   it.
  package static func read(_ path: String) throws -> AdmittedWorkers {
    let data = try KeyFile.contents(of: path, limit: largest + 1)
    guard data.count <= largest else {
      throw KeyFileError.unreadable(path: path, reason: "more than \(largest >> 20) MiB")
    }
    return try AdmittedWorkers(String(decoding: data, as: UTF8.self), file: path)
  }

  /// Makes a list without workers that says what belongs into it.
  package static func create(_ path: String) throws(KeyFileError) {
    try KeyFile.create(
      path, mode: 0o644,
      """
      # Who may connect to the broker, one worker a line: its name, its public key, the clients that it may play.
      # The word samples=500 behind them, which may be left out, bounds the samples of each of these clients.
      # Send the broker SIGHUP to have it read this file again.
      # edge-1 <the 40 letters of edge-1.public> 0-49 samples=500

      """)
  }

  /// Adds a worker at the end of a list, which is made if it isn't there.
  ///
  /// - Throws: what ``read(_:)`` throws, also where the list would have a name or key twice.
  package static func add(_ worker: AdmittedWorker, to path: String) throws {
    if !FileManager.default.fileExists(atPath: path) { try create(path) }
    _ = try read(path)  // a faulty list isn't made longer
    var text = String(decoding: try KeyFile.contents(of: path, limit: largest), as: UTF8.self)
    if !text.isEmpty, !text.hasSuffix("\n") { text += "\n" }
    text += "\(worker.line)\n"
    _ = try AdmittedWorkers(text, file: path)
    // In place of the old file at once, so that a broker never reads half of it, and on the disk
    // when whoever added the worker hears of it.
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    let mode = (attributes?[.posixPermissions] as? NSNumber)?.uint32Value ?? 0o644
    do throws(LedgerError) {
      try DurableFile.write(Data(text.utf8), to: URL(fileURLWithPath: path), mode: mode)
    } catch {
      throw KeyFileError.unwritable(path: path, reason: error.problem)
    }
  }
}
