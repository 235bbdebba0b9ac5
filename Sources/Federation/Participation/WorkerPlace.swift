/// A worker as people know it: its name, and from where it speaks.
package struct WorkerPlace: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The name of its line in the allow-list, or the one that it gives itself, or the first digits
  /// of its number.
  package var name: String
  /// The address of its host; nil on this machine.
  package var address: String?
  /// Its process, where it speaks over a socket of this machine's files; nil elsewhere.
  package var process: Int?

  /// A worker of this name.
  package init(name: String, address: String? = nil, process: Int? = nil) {
    self.name = name
    self.address = address
    self.process = process
  }

  /// The worker in a sentence: "worker site-3 at 10.0.0.7".
  package var description: String {
    if let address { return "worker \(name) at \(address)" }
    return "worker \(name)" + (process.map { ", process \($0)" } ?? "")
  }
}

/// A worker with some of its clients.
package struct WorkerGroup: Hashable, Sendable {
  /// The worker.
  package var place: WorkerPlace
  /// The clients, in rising order.
  package var clients: [Int]

  /// Some clients of a worker.
  package init(place: WorkerPlace, clients: [Int]) {
    self.place = place
    self.clients = clients
  }
}

/// News of a worker.
package enum WorkerNews: Hashable, Sendable {
  /// It came, with these clients.
  case came(WorkerGroup)
  /// It said that it goes, with these clients.
  case left(WorkerGroup)
  /// Its connection is gone without a word, and with it these clients; or they don't answer the
  /// question whether they are there.
  case vanished(WorkerGroup)
  /// Its connection is there, but nothing was heard for so long of these clients: they are at work,
  /// or they are all that it plays.
  case silent(WorkerGroup, for: Duration)
  /// Clients that were silent, or taken for gone, are heard again.
  case heard(WorkerGroup)
}
