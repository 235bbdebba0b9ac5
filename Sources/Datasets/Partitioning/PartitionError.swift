/// Why samples can't be dealt out as asked.
package enum PartitionError: Error, Hashable, Sendable {
  /// Not every client would get what it must.
  case tooFewSamples(samples: Int, clients: Int, needed: Int)
  /// The data set doesn't say whose samples they are.
  case noUsers
  /// There are more clients than users.
  case tooFewUsers(users: Int, clients: Int)
}

extension PartitionError: CustomStringConvertible {
  /// What is wrong, and what to do.
  package var description: String {
    switch self {
    case .tooFewSamples(let samples, let clients, let needed):
      "\(samples) samples don't suffice for \(clients) clients, who need \(needed); "
        + "use fewer clients or smaller shares"
    case .noUsers:
      "the data set doesn't tell users apart; use another partition than by user"
    case .tooFewUsers(let users, let clients):
      "\(clients) clients can't each play one of \(users) users; use at most \(users) clients"
    }
  }
}
