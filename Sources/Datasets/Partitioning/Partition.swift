package import Measures

/// The rule by which the training samples are dealt out to clients.
///
/// A deal depends on the labels, the number of clients and the stream's key alone: not on rounds,
/// threads or how much of the stream was used. No sample goes to two clients.
package enum Partition: Hashable, Sendable {
  /// Equal parts of a random order; sizes differ by at most one.
  case iid
  /// Equal cuts of the samples sorted by class, `perClient` of them to each client (McMahan et al.,
  /// 2017).
  case shards(perClient: Int)
  /// Each class divided in proportions drawn from Dir(α) over the clients (Yurochkin et al., 2019).
  ///
  /// Clients left with fewer than `minimum` samples get some of the richest clients', drawn at
  /// random.
  case dirichlet(alpha: Double, minimum: Int = 1)
  /// Parts of a random order whose sizes are log-normal: e^(σ·z), z standard normal; at least one
  /// sample each.
  case logNormal(sigma: Double)
  /// One user (writer, patient, site) per client; a random choice of users where there are fewer
  /// clients.
  case byUser
}

extension Partition {
  /// The samples of each client, ascending.
  ///
  /// - Parameters:
  ///   - labels: One class per sample.
  ///   - users: One user per sample, where the data knows them.
  ///   - clients: The number of clients.
  ///   - stream: The stream from which the deal draws; the run's root stream serves.
  /// - Returns: One list of indices into `labels` per client.
  /// - Throws: `PartitionError` where there aren't enough samples or users, or no users at all.
  package func deal(labels: [Int], users: [Int32]? = nil, to clients: Int, stream: RandomStream)
    throws(PartitionError) -> [[Int]]
  {
    precondition(clients > 0, "a partition among \(clients) clients")
    let dealt: [[Int]]
    switch self {
    case .iid:
      try checkSamples(labels.count, clients: clients, needed: clients)
      var order = stream.stream("partition.iid")
      dealt = Self.cut(order.permutation(labels.count), into: clients)
    case .shards(let perClient):
      precondition(perClient > 0, "\(perClient) shards per client")
      let (shards, overflow) = clients.multipliedReportingOverflow(by: perClient)
      try checkSamples(labels.count, clients: clients, needed: overflow ? .max : shards)
      dealt = Self.shards(of: labels, clients: clients, perClient: perClient, stream: stream)
    case .dirichlet(let alpha, let minimum):
      precondition(alpha > 0 && alpha.isFinite, "a concentration of \(alpha)")
      precondition(minimum >= 0, "a minimum of \(minimum) samples")
      let (needed, overflow) = clients.multipliedReportingOverflow(by: minimum)
      try checkSamples(labels.count, clients: clients, needed: overflow ? .max : needed)
      dealt = Self.dirichlet(
        labels, clients: clients, alpha: alpha, minimum: minimum, stream: stream)
    case .logNormal(let sigma):
      precondition(sigma >= 0 && sigma.isFinite, "a deviation of \(sigma)")
      try checkSamples(labels.count, clients: clients, needed: clients)
      dealt = Self.logNormal(labels.count, clients: clients, sigma: sigma, stream: stream)
    case .byUser:
      guard let users else { throw .noUsers }
      precondition(
        users.count == labels.count, "\(users.count) owners for \(labels.count) samples")
      dealt = try Self.byUser(users, clients: clients, stream: stream)
    }
    return dealt.map { $0.sorted() }
  }

  /// The samples of each client, ascending, as ``deal(labels:users:to:stream:)`` deals them.
  package func deal(_ dataset: Dataset, to clients: Int, stream: RandomStream)
    throws(PartitionError) -> [[Int]]
  {
    try deal(labels: dataset.dominantLabels, users: dataset.users, to: clients, stream: stream)
  }

  private func checkSamples(_ samples: Int, clients: Int, needed: Int) throws(PartitionError) {
    guard samples >= needed else {
      throw .tooFewSamples(samples: samples, clients: clients, needed: needed)
    }
  }

  /// Consecutive parts of `values` whose sizes differ by at most one.
  static func cut(_ values: [Int], into parts: Int) -> [[Int]] {
    (0..<parts).map { part in
      // Multiplied in full width: the product of two counts may not fit.
      let ends = [part, part + 1].map { end in
        parts.dividingFullWidth(values.count.multipliedFullWidth(by: end)).quotient
      }
      return Array(values[ends[0]..<ends[1]])
    }
  }
}

/// The reason for which samples can't be dealt out as asked.
package enum PartitionError: Error, Hashable, Sendable {
  /// Not every client would get what it must.
  case tooFewSamples(samples: Int, clients: Int, needed: Int)
  /// The data set doesn't say whose samples they are.
  case noUsers
  /// There are more clients than users.
  case tooFewUsers(users: Int, clients: Int)
  /// A client would get more samples than any may have.
  case beyondLimit(client: Int, samples: Int, limit: Int)
}

extension PartitionError: CustomStringConvertible {
  /// The fault, and the remedy.
  package var description: String {
    switch self {
    case .tooFewSamples(let samples, let clients, let needed):
      samples == 0
        ? "the data set has no training samples to deal out; give the files of its training split in data.path"
        : "\(clients) clients need \(needed == .max ? "more" : "\(needed)") training samples, "
          + "but there are \(samples); lower clients or what data.partition gives each, "
          + "or raise data.limit.train if that cuts them"
    case .noUsers:
      "data.partition is byUser, but the data set doesn't say whose its samples are; "
        + "write another partition, such as iid"
    case .tooFewUsers(let users, let clients):
      users == 0
        ? "the data set has no training samples, and so no users; give the files of its training split in data.path"
        : "\(clients) clients can't each play one of \(users) users with training samples; "
          + "lower clients to \(users), or raise data.limit.train if that cuts users off"
    case .beyondLimit(let client, let samples, let limit):
      "client \(client) would have \(samples) samples, more than the \(limit) that limits.samples allows, "
        + "so that its updates would be refused; raise limits.samples, or give clients fewer"
    }
  }
}

// Written out, because the order that the standard library's `shuffle(using:)` makes isn't promised
// across releases.
extension RandomStream {
  /// A number from 0 to `bound` − 1, each equally likely (Lemire, 2019).
  mutating func index(below bound: Int) -> Int {
    precondition(bound > 0, "an index below \(bound)")
    let bound = UInt64(bound)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// Puts `values` in an order in which each permutation is equally likely (Fisher and Yates).
  mutating func shuffle<Value>(_ values: inout [Value]) {
    guard values.count > 1 else { return }
    for last in stride(from: values.count - 1, to: 0, by: -1) {
      values.swapAt(last, index(below: last + 1))
    }
  }

  /// The numbers from 0 to `count` − 1 in random order.
  mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    shuffle(&order)
    return order
  }
}
