import Measures

/// A fault that lasts for a while.
package struct InjectedFault: Hashable, Sendable {
  /// A kind of fault.
  package enum Kind: Hashable, Sendable {
    /// Messages of this client, or of all, get lost with a probability.
    case loss(client: Int?, probability: Double)
    /// Messages of this client, or of all, arrive twice with a probability.
    case duplication(client: Int?, probability: Double)
    /// Messages of this client, or of all, overtake each other.
    case reordering(client: Int?)
    /// Messages of this client, or of all, take this much longer.
    case delay(client: Int?, by: Duration)
    /// Chunks of the model reach this client, or all, damaged with a probability.
    case damage(client: Int?, probability: Double)
    /// A client can't reach the broker; its connection is reset, or swallows everything.
    case partition(client: Int, isSilent: Bool)
    /// A worker is killed, and started anew when the fault ends.
    case workerCrash(client: Int)
    /// A worker leaves, and another is started in its place when the fault ends.
    case workerLeave(client: Int)
    /// The broker is killed, and started anew when the fault ends.
    case brokerCrash
    /// A process's clock, the broker's when there is no client, jumps at the fault's beginning.
    case clockJump(client: Int?, by: Duration)
    /// The broker can't store anything.
    case fullDisk
    /// The broker's machine stops with an operation on its disk, so many of them after the fault's
    /// beginning, or at once after none; without power all is lost that wasn't synced.
    case diskStop(after: Int, losesPower: Bool)
    /// The sync fails that comes after so many others.
    case failingSync(after: Int)
    /// Reading from the broker's disk fails with a probability.
    case failingReads(probability: Double)
    /// Reading from the broker's disk brings a flipped bit with a probability.
    case flippedReads(probability: Double)
    /// A worker's machine loses power with an operation on its disk, so many of them after the
    /// fault's beginning.
    case workerDiskStop(client: Int, after: Int)
    /// The sync of a worker's disk fails that comes after so many others.
    case workerSync(client: Int, after: Int)
    /// A client's training takes this much longer.
    case slowTraining(client: Int, by: Duration)
    /// A client says that it has an update, and sends nothing of it.
    case hoarding(client: Int)
    /// Another worker listens to a client's mailbox.
    case eavesdropping(client: Int)
    /// Whoever runs the broker has it open no round.
    case pause
    /// Whoever runs the broker excludes a client, and lets it in again when the fault ends.
    case eviction(client: Int)
  }

  /// The kind.
  package var kind: Kind
  /// The virtual time at which it begins.
  package var start: Duration
  /// The time for which it lasts.
  package var length: Duration

  /// The virtual time at which it is over.
  package var end: Duration { start + length }

  /// A fault drawn for a fleet of so many clients, within the first 40 seconds.
  init(clients: Int, using stream: inout RandomStream) {
    start = .milliseconds(Int.random(in: 0..<40_000, using: &stream))
    length = .milliseconds(Int.random(in: 100..<8000, using: &stream))
    let client = Int.random(in: 0..<clients, using: &stream)
    let some = Bool.random(using: &stream) ? client : nil
    let probability = Double.random(in: 0.05..<1, using: &stream)
    let sign = Bool.random(using: &stream) ? 1 : -1
    switch Int.random(in: 0..<15, using: &stream) {
    case 0: kind = .loss(client: some, probability: probability)
    case 1: kind = .duplication(client: some, probability: probability)
    case 2: kind = .reordering(client: some)
    case 3: kind = .delay(client: some, by: length / 4)
    case 4: kind = .damage(client: some, probability: probability)
    case 5, 6: kind = .partition(client: client, isSilent: Bool.random(using: &stream))
    case 7, 8: kind = .workerCrash(client: client)
    case 9, 10: kind = .brokerCrash
    case 11: kind = .clockJump(client: some, by: length * sign / 2)
    case 12: kind = .fullDisk
    case 13: kind = .workerLeave(client: client)
    default: kind = .slowTraining(client: client, by: length * 2)
    }
  }
}

extension InjectedFault {
  /// An order of whoever runs the broker, to a fleet of so many clients, that is taken back later.
  init(orderTo clients: Int, using stream: inout RandomStream) {
    start = .milliseconds(Int.random(in: 0..<40_000, using: &stream))
    length = .milliseconds(Int.random(in: 100..<8000, using: &stream))
    let client = Int.random(in: 0..<clients, using: &stream)
    kind = Bool.random(using: &stream) ? .pause : .eviction(client: client)
  }
}

extension InjectedFault {
  /// A client of a fleet of so many that keeps its leave to send to itself, for longer than one
  /// lasts.
  init(hoardingIn clients: Int, using stream: inout RandomStream) {
    start = .milliseconds(Int.random(in: 0..<40_000, using: &stream))
    length = .milliseconds(Int.random(in: 8000..<20_000, using: &stream))
    kind = .hoarding(client: Int.random(in: 0..<clients, using: &stream))
  }
}

extension InjectedFault {
  /// Another worker that listens for a client of a fleet of so many, for long.
  init(eavesdroppingOn clients: Int, using stream: inout RandomStream) {
    start = .milliseconds(Int.random(in: 0..<20_000, using: &stream))
    length = .milliseconds(Int.random(in: 15_000..<40_000, using: &stream))
    kind = .eavesdropping(client: Int.random(in: 0..<clients, using: &stream))
  }
}

extension InjectedFault {
  /// A fault of the broker's disk.
  init(ofDisk stream: inout RandomStream) {
    start = .milliseconds(Int.random(in: 0..<40_000, using: &stream))
    length = .milliseconds(Int.random(in: 100..<8000, using: &stream))
    let operations = Int.random(in: 0...20, using: &stream)
    let probability = Double.random(in: 0.02..<0.5, using: &stream)
    switch Int.random(in: 0..<8, using: &stream) {
    case 0, 1, 2: kind = .diskStop(after: operations, losesPower: true)
    case 3: kind = .diskStop(after: operations, losesPower: false)
    case 4, 5: kind = .failingSync(after: operations / 4)
    case 6: kind = .failingReads(probability: probability)
    default: kind = .flippedReads(probability: probability)
    }
  }

  /// A fault of the disk of one of so many workers, which each have one client.
  init(ofWorkersDisks workers: Int, using stream: inout RandomStream) {
    start = .milliseconds(Int.random(in: 0..<40_000, using: &stream))
    length = .milliseconds(Int.random(in: 1000..<10_000, using: &stream))
    let client = Int.random(in: 0..<workers, using: &stream)
    let operations = Int.random(in: 0...12, using: &stream)
    kind =
      Bool.random(using: &stream)
      ? .workerDiskStop(client: client, after: operations)
      : .workerSync(client: client, after: operations / 4)
  }

  /// True if it is the broker's disk that fails.
  var isOfDisk: Bool {
    switch kind {
    case .diskStop, .failingSync, .failingReads, .flippedReads: true
    default: false
    }
  }
}

extension InjectedFault: CustomStringConvertible {
  /// "3.25–8.00 s: broker down".
  package var description: String {
    "\(start.seconds.fixed(3))–\(end.seconds.fixed(3)) s: \(kind)"
  }
}

extension InjectedFault.Kind: CustomStringConvertible {
  /// The kind in words.
  package var description: String {
    switch self {
    case .loss(let client, let probability):
      "\(Self.whose(client)) lost, probability \(probability.fixed(2))"
    case .duplication(let client, let probability):
      "\(Self.whose(client)) doubled, probability \(probability.fixed(2))"
    case .reordering(let client): "\(Self.whose(client)) reordered"
    case .delay(let client, let extra):
      "\(Self.whose(client)) delayed by \(extra.seconds.fixed(3)) s"
    case .damage(let client, let probability):
      "\(Self.whose(client)) damaged, probability \(probability.fixed(2))"
    case .partition(let client, let isSilent):
      "client \(client) cut off, \(isSilent ? "silently" : "connection reset")"
    case .workerCrash(let client): "worker of client \(client) down"
    case .workerLeave(let client): "worker of client \(client) leaves"
    case .brokerCrash: "broker down"
    case .clockJump(let client, let jump):
      "clock of \(client.map { "client \($0)" } ?? "the broker") jumps "
        + "by \(jump.seconds.fixed(3)) s"
    case .fullDisk: "disk full"
    case .diskStop(let operations, let losesPower):
      "the broker's machine \(losesPower ? "loses power" : "stops") after \(operations) operations "
        + "on its disk"
    case .failingSync(let syncs): "a sync fails after \(syncs) others"
    case .failingReads(let probability): "reads fail, probability \(probability.fixed(2))"
    case .flippedReads(let probability): "reads flip a bit, probability \(probability.fixed(2))"
    case .workerDiskStop(let client, let operations):
      "the machine of client \(client)'s worker loses power after \(operations) operations "
        + "on its disk"
    case .workerSync(let client, let syncs):
      "a sync of client \(client)'s worker fails after \(syncs) others"
    case .slowTraining(let client, let extra):
      "client \(client) trains \(extra.seconds.fixed(3)) s longer"
    case .hoarding(let client): "client \(client) sends nothing of its update"
    case .eavesdropping(let client): "another worker listens for client \(client)"
    case .pause: "the run is paused"
    case .eviction(let client): "client \(client) is excluded"
    }
  }

  private static func whose(_ client: Int?) -> String {
    client.map { "messages of client \($0)" } ?? "all messages"
  }
}
