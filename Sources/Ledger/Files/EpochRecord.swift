import Bytes
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
    do throws(LedgerError) {
      return try DurableFile.read(url, limit: 64, on: storage) { bytes throws(LedgerError) in
        guard let number = Self.number(in: bytes) else {
          throw .damaged(path: url.filePath, problem: "not the number of a broker's incarnation")
        }
        return number
      }
    } catch .absent {
      return 0  // of a version that kept none
    }
  }

  /// The number in a record; nil if it isn't one.
  private static func number(in bytes: [UInt8]) -> Int? {
    let words = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
      .split(separator: " ", omittingEmptySubsequences: false)
    guard let word = words.first, let number = Int(word), number > 0 else { return nil }
    // Versions before wrote no checksum.
    return words.count == 1 || bytes == Self.bytes(of: number) ? number : nil
  }

  /// A record: the number, and a checksum of it that no flipped bit makes a part of the number.
  private static func bytes(of epoch: Int) -> [UInt8] {
    let checksum = CRC32C.checksum(Array("\(epoch)".utf8))
    return Array("\(epoch) crc32c=\(String(checksum, radix: 16))\n".utf8)
  }

  /// Records that an incarnation begins: it is on the disk when this returns.
  ///
  /// - Throws: ``LedgerError``; the earlier number is then still there.
  public func begin(_ epoch: Int) throws(LedgerError) {
    precondition(epoch > 0, "epoch \(epoch)")
    try DurableFile.write(Self.bytes(of: epoch), to: url, on: storage)
  }
}
