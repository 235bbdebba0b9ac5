package import Datasets
import Federation
import Measures
import Models
import Topology

/// The clients' shares of the samples.
extension Workload {
  /// Each client's samples, which depend on the seed alone where they are dealt.
  ///
  /// - Throws: `PartitionError` if the data can't be dealt out to so many clients,
  ///   ``LackingSamples`` if the clients' own aren't on this machine.
  package func shares(seed: UInt64) throws -> ClientShares {
    switch data {
    case .dealt(let split):
      let training = try partition(split, seed: seed)
      let heldOut = holdOuts(split, training, seed: seed)
      return ClientShares(
        split, training: training,
        heldOut: Dictionary(uniqueKeysWithValues: heldOut.enumerated().map { ($0, $1) }))
    case .own(let own): return ClientShares(own)
    case .programs(let programs): return ClientShares(programs)
    case .none: throw LackingSamples(topology: topology.file)
    }
  }

  /// The places of each client's training samples in a dealt data set; none where samples are the
  /// clients' own.
  ///
  /// - Throws: `PartitionError` if the data can't be dealt out to so many clients.
  package func partition(seed: UInt64) throws(PartitionError) -> [[Int]] {
    guard let split = data.split else { return [] }
    return try partition(split, seed: seed)
  }

  private func partition(_ split: DatasetSplit, seed: UInt64) throws(PartitionError) -> [[Int]] {
    try topology.data.partition.deal(
      split.train, to: topology.clients, stream: RandomStream(seed: seed).stream("partition"))
  }

  /// The number of samples that each client is dealt, as it tells it, at most as many as the
  /// topology allows; none where samples are the clients' own, so that only they know.
  ///
  /// - Throws: `PartitionError` if the data can't be dealt out to so many clients, or one would get
  ///   too many.
  package func dealtSamples(seed: UInt64) throws(PartitionError) -> [Int] {
    let counts = try partition(seed: seed).map(\.count)
    try counts.check(against: topology.rules.sampleLimit)
    return counts.map { $0.told(by: topology.rules.sampleUnit) }
  }

  /// The number of samples that each client is dealt and holds out; none where samples are the
  /// clients' own.
  ///
  /// - Throws: `PartitionError` if the data can't be dealt out to so many clients.
  package func dealtHoldOuts(seed: UInt64) throws(PartitionError) -> [Int] {
    guard let split = data.split else { return [] }
    return holdOuts(split, try partition(split, seed: seed), seed: seed).map(\.count)
  }

  private func holdOuts(_ split: DatasetSplit, _ training: [[Int]], seed: UInt64) -> [[Int]] {
    DealtHoldOuts(
      split, training: training, own: userTests(split, training),
      stream: RandomStream(seed: seed).stream("holdOut")
    ).places
  }

  /// The test samples of each client's own, ascending, without the clients that have none.
  ///
  /// There are some where a client is one of the data's users and the data tells whose its test
  /// samples are.
  ///
  /// - Throws: `PartitionError` if the data can't be dealt out to so many clients.
  package func ownTests(seed: UInt64) throws(PartitionError) -> [[Int]] {
    guard let split = data.split, split.test.users != nil else { return [] }
    let tests = userTests(split, try partition(split, seed: seed))
    return tests.sorted { $0.key < $1.key }.map(\.value)
  }

  /// The test samples of each client that is one of the data's users.
  private func userTests(_ split: DatasetSplit, _ training: [[Int]]) -> [Int: [Int]] {
    guard topology.data.partition == .byUser, let users = split.train.users,
      let owners = split.test.users
    else { return [:] }
    let tests = Dictionary(grouping: owners.indices) { split.test.userNames[Int(owners[$0])] }
    var own: [Int: [Int]] = [:]
    for (client, samples) in training.enumerated() {
      own[client] = samples.first.flatMap { tests[split.train.userNames[Int(users[$0])]] }
    }
    return own
  }

  /// The number of training samples of each class, a row for each client; none where pixels are
  /// labelled.
  ///
  /// Of the clients' own samples it is what they tell, none where the topology doesn't ask for it;
  /// counts of 0 where they are on other machines and haven't told yet.
  ///
  /// - Throws: `PartitionError` if the data can't be dealt out to so many clients.
  package func labels(seed: UInt64) throws(PartitionError) -> [[Int]] {
    if topology.data.telling.labels, let classes = topology.architecture.classes {
      let none = Array(repeating: 0, count: classes)
      return (0..<topology.clients).map { client in
        (try? data.own?[client]?.summary().get())?.told.labels ?? none
      }
    }
    guard let split = data.split else { return [] }
    let dealt = try partition(split, seed: seed)
    guard !split.train.isSegmentation else { return [] }
    return dealt.map { SampleChoice(split.train, $0).labelCounts }
  }
}

extension [Int] {
  /// Checks how many samples the clients have.
  ///
  /// - Throws: `PartitionError` that names a client with the most of them, if that is more than
  ///   `limit`.
  package func check(against limit: Int?) throws(PartitionError) {
    guard let limit, let most = indices.max(by: { self[$0] < self[$1] }), self[most] > limit else {
      return
    }
    throw .beyondLimit(client: most, samples: self[most], limit: limit)
  }
}

/// A topology's samples stay with the clients, and this process was told of none.
package struct LackingSamples: Error, Hashable, Sendable {
  /// The topology, as it was named.
  package let topology: String

  /// The lack of samples for the topology of that name.
  package init(topology: String) { self.topology = topology }
}

extension LackingSamples: CustomStringConvertible {
  /// The lack, and the remedy.
  package var description: String {
    "\(topology): data.from is clients, so that it doesn't say where the samples are; "
      + "give --data PATH for one client, or --data 'sites/\(ClientPaths.mark)' for several"
  }
}
