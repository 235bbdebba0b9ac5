import Foundation

/// The latest incarnation of a run's broker, in a file of its own beside the ledger.
///
/// Workers take messages of an incarnation that they saw end for late ones: its number must never
/// recur, whatever else of a run is lost.
public struct EpochRecord: Sendable {
  private let url: URL
  private let storage: any Storage

  /// The record of the run in the directory of `paths`.
  public init(in paths: RunPaths, on storage: any Storage = SystemStorage()) {
    url = paths.epoch
    self.storage = storage
  }

  /// The latest incarnation that began, from 1; 0 where none is recorded.
  ///
  /// - Throws: `damaged` where the file holds something else.
  public func latest() throws(LedgerError) -> Int {
    let bytes: [UInt8]
    do throws(LedgerError) {
      bytes = try DurableFile.read(url, limit: 32, on: storage)
    } catch .absent {
      return 0  // of a version that kept none
    }
    let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
    guard let number = Int(text), number > 0 else {
      throw .damaged(
        path: url.filePath, problem: "not the number of a broker's incarnation")
    }
    return number
  }

  /// Records that an incarnation begins: it is on the disk when this returns.
  ///
  /// - Throws: ``LedgerError``; the earlier number is then still there.
  public func begin(_ epoch: Int) throws(LedgerError) {
    precondition(epoch > 0, "epoch \(epoch)")
    try DurableFile.write(Array("\(epoch)\n".utf8), to: url, on: storage)
  }
}
