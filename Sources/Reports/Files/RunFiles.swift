import Foundation
package import Ledger

/// The files that are made from a run's ledger: the page and TensorBoard's events.
package struct RunFiles {
  private let paths: RunPaths

  /// The files of the run at `paths`.
  package init(_ paths: RunPaths) { self.paths = paths }

  /// Writes the files anew from what `store` says.
  ///
  /// - Throws: `LedgerError` when the ledger can't be read or the directory not be written to.
  package func write(_ summary: RunSummary, from store: RunStore) throws {
    let page = HTMLReport(
      summary, clients: try store.clients(), labels: try store.labels()
    ).text()
    try DurableFile.write(Data(page.utf8), to: paths.report)
    let start = try Self.start(of: store, at: paths)
    let name = EventFile.name(start: Int(start), host: ProcessInfo.processInfo.hostName)
    // A run that was resumed has written events before, which the new file repeats.
    for old in try DurableFile.names(in: paths.directory)
    where EventFile.isName(old) && old != name {
      try DurableFile.remove(paths.directory.appending(path: old))
    }
    try DurableFile.write(
      Data(EventFile.bytes(summary, start: start)), to: paths.directory.appending(path: name))
  }

  /// The beginning of the run in seconds since 1970, as far as its files tell.
  ///
  /// Ledgers of earlier versions hold no date; the topology is written when a run begins.
  package static func start(of store: RunStore, at paths: RunPaths) throws(LedgerError) -> Double {
    if let text = try store.header().start, let date = try? Date(text, strategy: .iso8601) {
      return date.timeIntervalSince1970
    }
    let path = paths.topology.path(percentEncoded: false)
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    let date = attributes?[.modificationDate] as? Date ?? Date()
    return date.timeIntervalSince1970
  }
}
