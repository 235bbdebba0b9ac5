package import Foundation
package import Ledger

/// The file of a run that names the clients that were excluded from it, one number a line, so that
/// they stay out when the broker is started again.
package enum EvictionFile {
  /// The clients; none where there is no file.
  ///
  /// - Throws: `LedgerError` where it can't be read, ``ControlError`` for a line that is no client.
  package static func read(_ url: URL) throws -> Set<Int> {
    let path = url.path(percentEncoded: false)
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    let text = String(decoding: try DurableFile.read(url, limit: 128 << 20), as: UTF8.self)
    var clients: Set<Int> = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !line.isEmpty {
      guard let client = Int(line), (0...ClientRange.highest).contains(client) else {
        throw ControlError.system(
          "\(path):\(index + 1)", reason: "not the number of an excluded client; mend the line")
      }
      clients.insert(client)
    }
    return clients
  }

  /// Writes the clients; an empty set removes the file.
  package static func write(_ clients: Set<Int>, to url: URL) throws(LedgerError) {
    guard !clients.isEmpty else { return try DurableFile.removeDurably(url) }
    let text = clients.sorted().map { "\($0)\n" }.joined()
    try DurableFile.write(Data(text.utf8), to: url)
  }
}
