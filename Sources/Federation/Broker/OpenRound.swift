import Bytes
import Progressive
import Wire

/// The round that is open, or was last: who was asked and how far each is.
///
/// Between rounds it is kept where late updates may count: what comes then counts in the next round.
struct OpenRound: Hashable, Sendable {
  /// The round, its stage and whether it is one of warm-up.
  let phase: Phase
  /// What is announced.
  let model: RoundModel
  /// The learning rate.
  let learningRate: Float
  /// When the round began.
  let opened: Duration
  /// When it ends at the latest.
  let deadline: Duration

  /// The clients that were asked, in rising order.
  private(set) var selected: [Int]
  /// Clients that still work on an update of an earlier round, and which round that is.
  private(set) var origins: [Int: Int] = [:]
  /// How far each client is.
  private(set) var progress: [Int: Progress] = [:]
  /// How many of the clients that were asked weren't heard yet.
  private(set) var invited = 0
  /// How many of the clients that were asked are not settled.
  private(set) var unsettled = 0
  /// The update bytes that are granted or in memory.
  private(set) var bytesInFlight = 0
  /// How many updates of this round were accepted.
  private(set) var accepted = 0
  /// How many clients work on updates of earlier rounds.
  private(set) var unsettledLate = 0
  /// How many updates of earlier rounds were accepted for this one.
  private(set) var acceptedLate = 0
  /// The clients whose updates may be on their way.
  private(set) var receivers: Set<Int> = []
  /// The clients that offered an update, in the order of their offers; some no longer wait.
  private(set) var queue: [Int] = []
  /// The first place of the queue where somebody may still wait.
  var head = 0
  /// It is over.
  var isClosed = false
  /// Somebody may have to be asked in place of a client that is done.
  var lacksClients = true
  /// When enough updates had been accepted.
  var quorumReached: Duration?
  /// How many updates came that had been counted before.
  var duplicates = 0
  /// The clients of earlier rounds that aren't waited for any more.
  var givenUp: Set<Int> = []
  /// The steps that clients asked for, until the broadcast; nil after it.
  var wanted: [Digest: Set<Int>]? = [:]
  /// The workers of the clients that asked.
  var wantingWorkers: [Digest: Set<UInt64>] = [:]
  /// How many bytes were repaired for each client.
  var repaired: [Int: Int] = [:]

  /// A round in which nobody was heard yet.
  init(
    phase: Phase, model: RoundModel, learningRate: Float, selected: [Int], opened: Duration,
    deadline: Duration
  ) {
    self.phase = phase
    self.model = model
    self.learningRate = learningRate
    self.opened = opened
    self.deadline = deadline
    self.selected = []
    for client in selected { invite(client) }
  }

  /// Asks another client.
  mutating func invite(_ client: Int) {
    precondition(progress[client] == nil, "client \(client) already takes part")
    let place = selected.firstIndex { $0 > client } ?? selected.endIndex
    selected.insert(client, at: place)
    progress[client] = .invited
    invited += 1
    unsettled += 1
  }

  /// Goes on with a client that works on an update of an earlier round.
  mutating func carry(_ client: Int, of origin: Int, at progress: Progress) {
    precondition(self.progress[client] == nil, "client \(client) already takes part")
    origins[client] = origin
    self.progress[client] = progress
    bytesInFlight += progress.bytesInFlight
    if !progress.isSettled { unsettledLate += 1 }
    switch progress {
    case .accepted: acceptedLate += 1
    case .receiving: receivers.insert(client)
    case .offered(let submission, let attempt, _): enqueue(client, submission, attempt: attempt)
    case .invited, .working, .storing, .refused, .declined, .left: break
    }
  }

  /// No longer waits for a client that works on an update of an earlier round.
  mutating func giveUp(_ client: Int) {
    guard origins.removeValue(forKey: client) != nil,
      let old = progress.removeValue(forKey: client)
    else { return }
    bytesInFlight -= old.bytesInFlight
    if !old.isSettled { unsettledLate -= 1 }
    receivers.remove(client)
    lacksClients = true
    givenUp.insert(client)
  }

  /// The round on whose update a client works; nil if it doesn't take part.
  func origin(of client: Int) -> Int? {
    progress[client] == nil ? nil : origins[client] ?? phase.round
  }

  /// Notes how far a client is now.
  mutating func advance(_ client: Int, to new: Progress) {
    guard let old = progress.updateValue(new, forKey: client) else {
      preconditionFailure("client \(client) takes no part in round \(phase.round)")
    }
    bytesInFlight += new.bytesInFlight - old.bytesInFlight
    if old.isReceiving { receivers.remove(client) }
    if new.isReceiving { receivers.insert(client) }
    if new.isSettled { lacksClients = true }
    guard origins[client] == nil else {
      if !old.isSettled { unsettledLate -= 1 }
      if !new.isSettled { unsettledLate += 1 }
      return
    }
    if old == .invited { invited -= 1 }
    if new == .invited { invited += 1 }
    if !old.isSettled { unsettled -= 1 }
    if !new.isSettled { unsettled += 1 }
  }

  /// Has a client wait for leave to send, behind all others.
  mutating func enqueue(_ client: Int, _ submission: Submission, attempt: Int) {
    advance(client, to: .offered(submission, attempt: attempt, place: queue.count))
    queue.append(client)
  }

  /// Counts a client's update, which is stored durably, and notes when the quorum is reached.
  mutating func accept(
    _ submission: Submission, of client: Int, quorum: Int?, _ now: Duration
  ) {
    advance(client, to: .accepted(submission))
    if origins[client] == nil { accepted += 1 } else { acceptedLate += 1 }
    if accepted >= quorum ?? selected.count, quorumReached == nil { quorumReached = now }
  }

  /// All clients that were asked are settled.
  var isComplete: Bool { unsettled == 0 }
}
