package import Datasets
package import Federation
import Synchronization
import Topology
import Wire

/// A client's own samples in a folder or file: decoded once, again when the files have changed, and
/// again when they are asked for after others took their place in memory.
///
/// Whatever has been handed out stays as it is: a training keeps the samples that it began with,
/// also while others arrive in the folder. What couldn't be read for a moment is read again when it
/// is asked for: nothing in the folder tells that the moment is over.
package final class OwnFolder: Sendable {
  /// The samples that were read, or the reason for which they couldn't be.
  package typealias Outcome = Result<ClientSamples, DatasetError>

  /// The path of the folder or file.
  package let path: String
  private let client: Int
  private let reader: Reader
  private let cache: SampleCache
  private let known = Mutex<Known?>(nil)

  /// The facts about a client's samples that stay when they are dropped.
  package struct Summary: Sendable {
    /// The numbers of samples.
    package let counts: SampleCounts
    /// The numbers of samples as a broker is told.
    package let told: SampleCounts
    /// Remarks that people should read before the samples are used, a sentence each.
    package let remarks: [String]
  }

  /// The facts that were read last.
  private struct Known {
    /// The state of the files then.
    let state: FolderState
    /// The facts, or the reason for which there are none.
    let summary: Result<Summary, DatasetError>

    /// The reason for which the samples are of no use until the files change; nil where they are of
    /// use, or may be at the next try.
    var lastingError: DatasetError? {
      guard case .failure(let error) = summary, !error.isPassing else { return nil }
      return error
    }

    /// True if the samples were of use.
    var isUsable: Bool { if case .success = summary { true } else { false } }
  }

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

  /// A client's samples at `path` that haven't been read yet, and are kept in `cache`.
  init(_ path: String, of client: Int, by reader: Reader, in cache: SampleCache) {
    self.path = path
    self.client = client
    self.reader = reader
    self.cache = cache
  }

  /// The samples, read unless they are here.
  package func samples() -> Outcome {
    known.withLock { known in
      if let error = known?.lastingError { return .failure(error) }
      if known?.isUsable == true, let samples = cache.samples(of: client) {
        return .success(samples)
      }
      let read = read()
      let now = Known(state: read.state, summary: read.outcome.summary)
      // Of files that have changed since they were read first, the next look tells, and of samples
      // that are of use only now.
      if known == nil || known?.state == now.state && known?.isUsable == now.isUsable {
        known = now
      }
      return read.outcome
    }
  }

  /// The numbers and remarks of the samples, which are read unless they were before, or couldn't
  /// be.
  package func summary() -> Result<Summary, DatasetError> {
    known.withLock { known in
      if let known, known.isUsable || known.lastingError != nil { return known.summary }
      let read = read()
      let now = Known(state: read.state, summary: read.outcome.summary)
      if known == nil { known = now }
      return now.summary
    }
  }

  /// The samples as they are in the files now, and true if these have changed since they were read,
  /// or if they are of use and weren't then, or the other way round.
  package func look() -> (outcome: Outcome, isNew: Bool) {
    known.withLock { known in
      if let known, known.state == FolderState(of: path) {
        if let error = known.lastingError { return (.failure(error), false) }
        if known.isUsable, let samples = cache.samples(of: client) {
          return (.success(samples), false)
        }
      }
      // What nobody trains on any more makes room for what is read.
      cache.drop(client)
      let read = read()
      let now = Known(state: read.state, summary: read.outcome.summary)
      defer { known = now }
      return (read.outcome, known?.state != now.state || known?.isUsable != now.isUsable)
    }
  }

  /// The most times that files are read anew because they changed meanwhile.
  private static let attempts = 4

  /// Reads the files into the cache, again if they change meanwhile, so that what is read was there
  /// at one moment.
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
      if after == state {
        if case .success(let samples) = outcome { cache.keep(samples, of: client) }
        return (state, outcome)
      }
      state = after
    }
    return (state, .failure(.unstable(path: path)))
  }
}

extension OwnFolder.Outcome {
  /// The result as the protocol has it: numbers, or a reason that names nothing of the samples.
  package var holding: ClientHolding { summary.holding }

  /// The part of the result that stays when the samples are dropped.
  fileprivate var summary: Result<OwnFolder.Summary, DatasetError> {
    map { OwnFolder.Summary(counts: $0.counts, told: $0.told, remarks: $0.remarks) }
  }
}

extension Result<OwnFolder.Summary, DatasetError> {
  /// The result as the protocol has it: numbers, or a reason that names nothing of the samples.
  package var holding: ClientHolding {
    switch self {
    case .success(let summary): .own(summary.told)
    case .failure(let error): .unusable(error.decline.reason, detail: error.decline.detail)
    }
  }
}

extension DatasetError {
  /// True if the next try may succeed though no file changes: the system refused to read, or the
  /// reading came to no end.
  package var isPassing: Bool {
    switch self {
    case .unreadable, .unstable, .interrupted: true
    default: false
    }
  }

  /// The words with which a client declines: they name nothing of its samples.
  var decline: (reason: DeclineReason, detail: String) {
    guard case .noSamples = self else { return (.badData, kind) }
    return (.noData, kind)
  }
}
