/// The history of a run as it can be told from outside: by its ledger, and by what its workers
/// wrote while they took part.
///
/// It knows nothing of how broker and workers come to what they write, only what must be true.
struct RunHistory {
  typealias Update = TinyRun.Update

  /// A round as the ledger keeps it.
  struct Round: Hashable {
    var number: Int
    var selected: Int
    var accepted: Int
    /// When it began and ended, in seconds on the run's clock.
    var opened: Double
    var closed: Double
  }

  /// An incarnation of the broker as the ledger keeps it.
  struct Epoch: Hashable {
    var number: Int
    /// The round with which it began.
    var round: Int
    /// When that was on the wall's clock, as text that is ordered like the times.
    var start: String
  }

  /// What the ledger says when all is over.
  struct Ledger {
    var plannedRounds: Int
    var rounds: [Round]
    /// The updates that count, each as often as it was booked.
    var accepted: [Update]
    var epochs: [Epoch]
    /// The least of each amount that is never below zero, by its name.
    var amounts: [String: Int]
    var state: String
    /// The final model.
    var digest: String?
  }

  /// Something that a worker wrote, or that was done to a process.
  enum Event: Hashable {
    /// A broker was started; `listened` if it came so far that it bound its sockets.
    case brokerStarted(listened: Bool)
    /// A worker wrote that its client trains for this round.
    case trains(Update, worker: Int)
    /// A worker wrote that the broker told it that its client's update counts.
    case told(Update, worker: Int)
    /// A worker wrote that what its client remembers isn't there.
    case forgot(Update, worker: Int)
    /// A worker was killed, and found in its folder were the memories of these updates.
    case killed(worker: Int, memories: Set<Update>)
  }

  var ledger: Ledger
  /// What happened, in order.
  var events: [Event]
  /// The clients of each worker.
  var clients: [ClosedRange<Int>]
  /// The final model of a run that nothing disturbed.
  var expectedDigest: String
  /// The memories that are left in the workers' folders when all is over.
  var leftMemories: Set<Update> = []

  /// What can't be true of a run that keeps its promises, in sentences; none if it may have kept
  /// them.
  var violations: [String] {
    rounds + counted + told + trained + epochs + announced + memories + amounts + ending
  }

  /// How often a worker was told that an update counts.
  var tellings: Int {
    events.count {
      guard case .told = $0 else { return false }
      return true
    }
  }

  /// The memories that were found in the folders of workers that were killed.
  var memoriesFound: Int {
    events.reduce(0) { count, event in
      guard case .killed(_, let memories) = event else { return count }
      return count + memories.count
    }
  }

  // MARK: The ledger alone

  /// Each round is there once, after the one before it, with all the updates that were asked for.
  private var rounds: [String] {
    var found: [String] = []
    let numbers = ledger.rounds.map(\.number)
    if numbers != Array(1...max(1, ledger.plannedRounds)) {
      found.append("the rounds aren't 1 to \(ledger.plannedRounds), each once: \(numbers)")
    }
    for (earlier, later) in zip(ledger.rounds, ledger.rounds.dropFirst())
    where later.opened < earlier.closed {
      found.append("round \(later.number) began before round \(earlier.number) ended")
    }
    for round in ledger.rounds {
      if round.closed < round.opened {
        found.append("round \(round.number) ended before it began")
      }
      if round.accepted != round.selected {
        found.append(
          "round \(round.number): \(round.accepted) of \(round.selected) updates count, though it "
            + "waits for all")
      }
      let booked = ledger.accepted.count { $0.round == round.number }
      if booked != round.accepted {
        found.append(
          "round \(round.number): \(round.accepted) updates count, but \(booked) are booked")
      }
    }
    return found
  }

  /// An update counts once, in a round that is there.
  private var counted: [String] {
    let numbers = Set(ledger.rounds.map(\.number))
    let counts = Dictionary(ledger.accepted.map { ($0, 1) }, uniquingKeysWith: +)
    return counts.filter { $0.value > 1 }.keys.sorted()
      .map { "\($0) counts \(counts[$0] ?? 0) times" }
      + counts.keys.filter { !numbers.contains($0.round) }.sorted()
      .map { "\($0) counts in a round that isn't there" }
  }

  /// Each start of the broker is a new incarnation, which goes on where the one before it was.
  private var epochs: [String] {
    var found: [String] = []
    for (earlier, later) in zip(ledger.epochs, ledger.epochs.dropFirst()) {
      if later.number <= earlier.number {
        found.append("epoch \(later.number) came after epoch \(earlier.number)")
      }
      if later.start < earlier.start {
        found.append("epoch \(later.number) was begun before epoch \(earlier.number)")
      }
      if later.round < earlier.round {
        found.append(
          "epoch \(later.number) began with round \(later.round), epoch \(earlier.number) before "
            + "it with round \(earlier.round)")
      }
    }
    let starts = starts
    let listened = starts.count { $0.listened }
    if !(listened...max(listened, starts.count)).contains(ledger.epochs.count) {
      found.append(
        "there are \(ledger.epochs.count) epochs of \(starts.count) starts of the broker, "
          + "\(listened) of which listened")
    }
    return found
  }

  private var amounts: [String] {
    ledger.amounts.filter { $0.value < 0 }.sorted { $0.key < $1.key }
      .map { "\($0.key) is \($0.value) somewhere" }
  }

  private var ending: [String] {
    var found: [String] = []
    if ledger.state != "done" { found.append("the run's state is \(ledger.state)") }
    if ledger.digest != expectedDigest {
      found.append(
        "the final model is \(ledger.digest ?? "none"), of an undisturbed run \(expectedDigest)")
    }
    return found
      + leftMemories.sorted().map { "what goes with \($0) is still in a folder after the end" }
  }

  // MARK: The ledger and the workers' records

  /// The starts of the broker, and the latest round that a worker had written of before each.
  private var starts: [(listened: Bool, announced: Int)] {
    var latest = 0
    var starts: [(listened: Bool, announced: Int)] = []
    for event in events {
      switch event {
      case .brokerStarted(let listened): starts.append((listened, latest))
      case .trains(let update, _), .told(let update, _): latest = max(latest, update.round)
      case .forgot, .killed: break
      }
    }
    return starts
  }

  /// A round that a worker heard of is open, so all rounds before it had ended: no later broker
  /// begins with one of them.
  private var announced: [String] {
    let starts = starts
    return starts.indices.filter { starts[$0].listened }.compactMap { index in
      // Those that didn't come so far may have an epoch or not. This one has it here at the latest.
      let later = starts[(index + 1)...].count { $0.listened }
      let last = min(index, ledger.epochs.count - 1 - later)
      guard ledger.epochs.indices.contains(last) else { return nil }
      let (epoch, round) = (ledger.epochs[last], starts[index].announced)
      guard epoch.round < round else { return nil }
      return
        "epoch \(epoch.number) began with round \(epoch.round), after a worker had heard of round "
        + "\(round)"
    }
  }

  /// What a worker was told is true.
  private var told: [String] {
    let counted = Set(ledger.accepted)
    var trained: Set<Update> = []
    var found: [String] = []
    for event in events {
      switch event {
      case .trains(let update, _): trained.insert(update)
      case .told(let update, let worker):
        if !counted.contains(update) {
          found.append(
            "worker \(worker) was told that \(update) counts, and it isn't in the ledger")
        }
        if !trained.contains(update) {
          found.append("worker \(worker) was told that \(update) counts before it was trained")
        }
      case .brokerStarted, .forgot, .killed: break
      }
    }
    return found
  }

  /// Nothing counts that its own worker didn't train, and no client goes back to an earlier round.
  private var trained: [String] {
    var found: [String] = []
    var all: Set<Update> = []
    var latest: [Int: Int] = [:]
    for case .trains(let update, let worker) in events {
      all.insert(update)
      if !clients[worker].contains(update.client) {
        found.append("worker \(worker) trained \(update), which isn't its own")
      }
      if let before = latest[update.client], before > update.round {
        found.append("\(update) was trained after the same client's of round \(before)")
      }
      latest[update.client] = max(update.round, latest[update.client] ?? 0)
    }
    return found
      + Set(ledger.accepted).subtracting(all).sorted()
      .map { "\($0) counts, and no worker trained it" }
  }

  /// What a client remembers is there for as long as it may be needed.
  private var memories: [String] {
    var latest: [Int: Update] = [:]
    var found: [String] = []
    for event in events {
      switch event {
      case .told(let update, _):
        if update.round > latest[update.client]?.round ?? 0 { latest[update.client] = update }
      case .forgot(let update, let worker):
        found.append("worker \(worker) lost what goes with \(update)")
      case .killed(let worker, let memories):
        for update in latest.values.sorted()
        where clients[worker].contains(update.client) && !memories.contains(update) {
          found.append(
            "what goes with \(update) wasn't in the folder of worker \(worker) when that was killed"
          )
        }
      case .brokerStarted, .trains: break
      }
    }
    return found
  }
}

extension TinyRun.Update: Comparable, CustomStringConvertible {
  static func < (left: Self, right: Self) -> Bool {
    (left.round, left.client) < (right.round, right.client)
  }

  var description: String { "the update of client \(client) in round \(round)" }
}
