public import Foundation

/// The places of a run's parts in its directory.
public struct RunPaths: Hashable, Sendable {
  /// The run directory.
  public let directory: URL

  /// The parts of the run in `directory`.
  public init(_ directory: URL) { self.directory = directory }

  /// The ledger, an SQLite file: `run.sqlite`.
  public var ledger: URL { part("run.sqlite") }
  /// The directory of checkpoints: `checkpoint/`.
  public var checkpoints: URL { part("checkpoint", isDirectory: true) }
  /// The directory of the open round's updates: `spool/`.
  public var spool: URL { part("spool", isDirectory: true) }
  /// The directory of what a run in virtual time goes on from: `resume/`.
  public var resumePoints: URL { part("resume", isDirectory: true) }
  /// The directory of what the run's own clients remember: `clients/`.
  public var clients: URL { part("clients", isDirectory: true) }
  /// The final model: `model.safetensors`.
  public var model: URL { part("model.safetensors") }
  /// The best model so far: `model-best.safetensors`.
  public var bestModel: URL { part("model-best.safetensors") }
  /// The topology as it was run: `topology.yaml`.
  public var topology: URL { part("topology.yaml") }
  /// The log, one JSON object a line: `log.jsonl`.
  public var log: URL { part("log.jsonl") }
  /// The report: `report.html`.
  public var report: URL { part("report.html") }
  /// The file that the process at work holds locked: `lock`.
  public var lock: URL { part("lock") }

  /// The socket over which the broker at work is asked: `control.sock`.
  public var control: URL { part("control.sock") }
  /// The clients that were excluded, one number a line: `evicted`.
  public var evictions: URL { part("evicted") }
  /// The latest incarnation of the run's broker: `epoch`.
  public var epoch: URL { part("epoch") }

  /// The log that SQLite writes ahead of the file at `url`.
  static func log(of url: URL) -> URL {
    url.deletingLastPathComponent().appending(path: url.lastPathComponent + "-wal")
  }

  /// The files that SQLite may have beside the one at `url`.
  static func sideFiles(of url: URL) -> [URL] {
    ["-wal", "-shm", "-journal"].map { suffix in
      url.deletingLastPathComponent().appending(path: url.lastPathComponent + suffix)
    }
  }

  /// The place of a file before it gets its name.
  static func partial(_ url: URL) -> URL {
    url.deletingLastPathComponent().appending(path: url.lastPathComponent + ".partial")
  }

  private func part(_ name: String, isDirectory: Bool = false) -> URL {
    directory.appending(path: name, directoryHint: isDirectory ? .isDirectory : .notDirectory)
  }
}
