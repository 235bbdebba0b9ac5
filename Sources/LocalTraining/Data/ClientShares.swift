package import Datasets
package import Federation

/// The samples of each client of this process, once the run's seed is known.
package struct ClientShares: Sendable {
  private enum Source {
    case dealt(DatasetSplit, training: [[Int]], heldOut: [Int: [Int]])
    case own(OwnData)
    case programs(TrainerPrograms)
  }

  private let source: Source
  /// The normalization that was made of all clients' sums; nil where the samples have theirs.
  package var normalization: Normalization?

  /// The shares of a data set that is dealt out: training samples of each client, and the test
  /// samples of those that own some.
  init(_ split: DatasetSplit, training: [[Int]], heldOut: [Int: [Int]]) {
    source = .dealt(split, training: training, heldOut: heldOut)
  }

  /// The clients' own samples.
  init(_ own: OwnData) { source = .own(own) }

  /// The samples that trainer programs have.
  init(_ programs: TrainerPrograms) { source = .programs(programs) }

  /// A client's samples, normalized as is known; its own are read the first time that they are
  /// asked for, and again when others took their place in memory.
  ///
  /// - Throws: `DatasetError` where its own can't be read, or aren't on this machine.
  package func samples(of client: Int) throws(DatasetError) -> ClientSamples {
    let samples = try rawSamples(of: client)
    return normalization.map { samples.normalized(by: $0) } ?? samples
  }

  /// Whoever computes for a client.
  ///
  /// - Throws: `DatasetError` where its own samples can't be read, or aren't on this machine.
  package func learner(of client: Int) throws(DatasetError) -> any Learner {
    if case .programs(let programs) = source { return programs.learner(of: client) }
    return BuiltInLearner(try samples(of: client))
  }

  /// Whoever computes for a client on its samples as its files hold them now, normalized as is
  /// known, and what was read if these have changed since they were read.
  ///
  /// They are read once at most, whoever takes their place in memory meanwhile.
  package func look(
    at client: Int
  ) -> (learner: Result<any Learner, DatasetError>, news: OwnFolder.Outcome?) {
    guard case .own(let own) = source, let folder = own[client] else {
      do throws(DatasetError) { return (.success(try learner(of: client)), nil) } catch {
        return (.failure(error), nil)
      }
    }
    let look = folder.look()
    let learner = look.outcome.map { samples -> any Learner in
      BuiltInLearner(normalization.map { samples.normalized(by: $0) } ?? samples)
    }
    return (learner, look.isNew ? look.outcome : nil)
  }

  private func rawSamples(of client: Int) throws(DatasetError) -> ClientSamples {
    switch source {
    case .dealt(let split, let training, let heldOut):
      return ClientSamples(
        training: SampleChoice(split.train, training[client]),
        heldOut: SampleChoice(split.test, heldOut[client] ?? []))
    case .own(let own):
      guard let folder = own[client] else { throw Self.elsewhere(client) }
      return try folder.samples().get()
    case .programs: throw Self.elsewhere(client)
    }
  }

  /// The number of samples that a client trains on, whatever it tells of it; 0 where its own can't
  /// be read.
  package func count(of client: Int) -> Int {
    switch source {
    case .dealt(_, let training, _): training[client].count
    case .own(let own): (try? own[client]?.summary().get().counts.training) ?? 0
    case .programs(let programs): programs.counts(of: client)?.training ?? 0
    }
  }

  /// The number of samples that a client holds out; 0 where its own can't be read.
  package func heldOut(of client: Int) -> Int {
    switch source {
    case .dealt(_, _, let heldOut): heldOut[client]?.count ?? 0
    case .own(let own): (try? own[client]?.summary().get().counts.heldOut) ?? 0
    case .programs(let programs): programs.counts(of: client)?.heldOut ?? 0
    }
  }

  /// Refuses a client whose own samples can't be used, without having them in memory.
  ///
  /// - Throws: `DatasetError` where they can't be read, or aren't on this machine.
  package func check(_ client: Int) throws(DatasetError) {
    guard case .own(let own) = source else { return }
    guard let folder = own[client] else { throw Self.elsewhere(client) }
    _ = try folder.summary().get()
  }

  /// The numbers that a client says of its samples, or the reason for which it declines.
  package func holding(of client: Int) -> ClientHolding {
    switch source {
    case .dealt(_, let training, _): .dealt(samples: training[client].count)
    case .own(let own):
      (own[client]?.summary() ?? .failure(Self.elsewhere(client))).holding
    case .programs(let programs): programs.holding(of: client)
    }
  }

  private static func elsewhere(_ client: Int) -> DatasetError {
    .missing(
      dataset: "own samples", path: nil, remedy: "client \(client) isn't one of this process")
  }
}
