package import Datasets
package import Federation
import Synchronization
import Topology
import Wire

/// A client's own samples in a folder or file: decoded once, again when the files have changed, and
/// again when they are asked for after others took their place in memory.
///
/// Whatever has been handed out stays as it is: a training keeps the samples that it began with,
/// also while others arrive in the folder.
package final class OwnFolder: Sendable {
  /// The samples that were read, or the reason for which they couldn't be.
  package typealias Outcome = Result<ClientSamples, DatasetError>

  /// The path of the folder or file.
  package let path: String
  private let client: Int
  private let reader: Reader
  private let cache: SampleCache
  private let known = Mutex<(state: FolderState, summary: Result<Summary, DatasetError>)?>(nil)

  /// The facts about a client's samples that stay when they are dropped.
  package struct Summary: Sendable {
    /// The numbers of samples.
    package let counts: SampleCounts
    /// The numbers of samples as a broker is told.
    package let told: SampleCounts
    /// Remarks that people should read before the samples are used, a sentence each.
    package let remarks: [String]
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
      if case .failure(let error)? = known?.summary { return .failure(error) }
      if known != nil, let samples = cache.samples(of: client) { return .success(samples) }
      let read = read()
      // Of files that have changed since they were read first, the next look tells.
      if known == nil || known?.state == read.state { known = (read.state, read.outcome.summary) }
      return read.outcome
    }
  }

  /// The numbers and remarks of the samples, which are read unless they were before.
  package func summary() -> Result<Summary, DatasetError> {
    known.withLock { known in
      if let known { return known.summary }
      let read = read()
      known = (read.state, read.outcome.summary)
      return read.outcome.summary
    }
  }

  /// The samples as they are in the files now, and true if these have changed since they were
  /// read.
  package func look() -> (outcome: Outcome, isNew: Bool) {
    known.withLock { known in
      if let known, known.state == FolderState(of: path) {
        if case .failure(let error) = known.summary { return (.failure(error), false) }
        if let samples = cache.samples(of: client) { return (.success(samples), false) }
      }
      // What nobody trains on any more makes room for what is read.
      cache.drop(client)
      let read = read()
      defer { known = (read.state, read.outcome.summary) }
      return (read.outcome, known?.state != read.state)
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
  /// The words with which a client declines: they name nothing of its samples.
  var decline: (reason: DeclineReason, detail: String) {
    guard case .noSamples = self else { return (.badData, kind) }
    return (.noData, kind)
  }
}
