package import Datasets
package import Federation
import Synchronization
import Topology
import Wire

/// A client's own samples in a folder or file: decoded once, and again when the files have changed.
///
/// Whatever has been handed out stays as it is: a training keeps the samples that it began with,
/// also while others arrive in the folder.
package final class OwnFolder: Sendable {
  /// The samples that were read, or the reason for which they couldn't be.
  package typealias Outcome = Result<ClientSamples, DatasetError>

  /// The path of the folder or file.
  package let path: String
  private let reader: Reader
  private let known = Mutex<(state: FolderState, outcome: Outcome)?>(nil)

  /// The looks of samples, the hold-out and the limit by which a run's clients read.
  struct Reader: Sendable {
    var format: SampleFormat
    var holdOut: HoldOut
    var seed: UInt64
    /// The numbers that are told of samples.
    var telling: SampleTelling
    /// The most bytes that the samples of one client may take.
    var limit: Int
    /// The threads that read, and who is told.
    var work: SampleWork
  }

  /// Samples at `path` that haven't been read yet.
  init(_ path: String, by reader: Reader) {
    self.path = path
    self.reader = reader
  }

  /// The samples, read unless they were.
  package func samples() -> Outcome {
    known.withLock { known in
      if let known { return known.outcome }
      let read = read()
      known = read
      return read.outcome
    }
  }

  /// The samples as they are in the files now, and true if these have changed since they were
  /// read.
  package func look() -> (outcome: Outcome, isNew: Bool) {
    known.withLock { known in
      if let known, known.state == FolderState(of: path) { return (known.outcome, false) }
      // What nobody trains on any more makes room for what is read.
      known = nil
      let read = read()
      known = read
      return (read.outcome, true)
    }
  }

  /// The most times that files are read anew because they changed meanwhile.
  private static let attempts = 4

  /// Reads the files, again if they change meanwhile, so that what is read was there at one moment.
  private func read() -> (state: FolderState, outcome: Outcome) {
    var state = FolderState(of: path)
    for _ in 0..<Self.attempts {
      let outcome: Outcome
      do throws(DatasetError) {
        let split = try OwnSamples.read(
          path: path, format: reader.format, holdOut: reader.holdOut, seed: reader.seed,
          limit: reader.limit, work: reader.work)
        outcome = .success(
          ClientSamples(
            training: SampleChoice(all: split.train), heldOut: SampleChoice(all: split.test),
            remarks: split.remarks, told: reader.telling))
      } catch { outcome = .failure(error) }
      let after = FolderState(of: path)
      if after == state { return (state, outcome) }
      state = after
    }
    return (state, .failure(.unstable(path: path)))
  }
}

extension OwnFolder.Outcome {
  /// The result as the protocol has it: numbers, or a reason that names nothing of the samples.
  package var holding: ClientHolding {
    switch self {
    case .success(let samples): .own(samples.told)
    case .failure(let error): .unusable(error.decline.reason, detail: error.decline.detail)
    }
  }
}

extension DatasetError {
  /// The words with which a client declines: they name nothing of its samples.
  var decline: (reason: DeclineReason, detail: String) {
    guard case .noSamples = self else { return (.badData, kind) }
    return (.noData, kind)
  }
}
