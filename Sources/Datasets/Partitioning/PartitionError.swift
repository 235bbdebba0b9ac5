/// Why samples can't be dealt out as asked.
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
  /// What is wrong, and what to do.
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
