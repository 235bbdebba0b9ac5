import Digests
import Progressive
import Wire

/// The round that is open: who was selected and how far each is.
struct OpenRound: Hashable, Sendable {
  /// How far a selected client is.
  enum Progress: Hashable, Sendable {
    /// Nothing was heard yet.
    case invited
    /// It asked for the model, trains, or is about to.
    case working
    /// It has an update and waits at this place of the queue for leave to send it.
    case offered(Offer, attempt: Int, place: Int)
    /// It may send; these ranges are still missing.
    case receiving(Offer, attempt: Int, missing: RangeSet<Int>)
    /// Its update is being checked and stored.
    case storing(Offer, attempt: Int)
    /// Its update counts.
    case accepted(Offer)
    /// Its update was refused.
    case refused(RefusalReason)
    /// It could not train.
    case declined(DeclineReason)

    /// Nothing more is expected of the client.
    var isSettled: Bool {
      switch self {
      case .accepted, .refused, .declined: true
      case .invited, .working, .offered, .receiving, .storing: false
      }
    }

    /// The update bytes that are granted or in memory.
    var bytesInFlight: Int {
      switch self {
      case .receiving(let offer, _, _), .storing(let offer, _): offer.length
      case .invited, .working, .offered, .accepted, .refused, .declined: 0
      }
    }
  }

  /// The round, its stage and whether it is one of warm-up.
  let phase: Phase
  /// The model's segments in order.
  let segments: [Segment]
  /// All steps to the segments.
  let steps: [Digest: Step]
  /// The model's name: what updates must have been trained from.
  let base: Digest
  /// The most bytes that an update can have.
  let updateLimit: Int
  /// The learning rate.
  let learningRate: Float
  /// The selected clients in rising order.
  let selected: [Int]
  /// When the round began.
  let opened: Duration
  /// When it ends at the latest.
  let deadline: Duration

  /// How far each selected client is.
  private(set) var progress: [Int: Progress]
  /// How many selected clients weren't heard yet.
  private(set) var invited: Int
  /// How many selected clients are not settled.
  private(set) var unsettled: Int
  /// The update bytes that are granted or in memory.
  private(set) var bytesInFlight = 0
  /// How many updates were accepted.
  var accepted = 0
  /// When enough updates had been accepted.
  var quorumReached: Duration?
  /// How many updates came that had been counted before.
  var duplicates = 0
  /// The clients that offered an update, in the order of their offers; some no longer wait.
  private(set) var queue: [Int] = []
  /// The first place of the queue where somebody may still wait.
  var head = 0
  /// The steps that clients asked for, until the broadcast; nil after it.
  var wanted: [Digest: Set<Int>]? = [:]
  /// The workers of the clients that asked.
  var wantingWorkers: [Digest: Set<UInt64>] = [:]
  /// How many bytes were repaired for each client.
  var repaired: [Int: Int] = [:]

  /// A round in which nobody was heard yet.
  init(
    phase: Phase, segments: [Segment], updateLimit: Int, learningRate: Float, selected: [Int],
    opened: Duration, deadline: Duration
  ) {
    self.phase = phase
    self.segments = segments
    steps = Dictionary(segments.flatMap(\.steps).map { ($0.digest, $0) }) { first, _ in first }
    base = Segment.base(of: segments)
    self.updateLimit = updateLimit
    self.learningRate = learningRate
    self.selected = selected
    self.opened = opened
    self.deadline = deadline
    progress = Dictionary(uniqueKeysWithValues: selected.map { ($0, .invited) })
    invited = selected.count
    unsettled = selected.count
  }

  /// Notes how far a selected client is now.
  mutating func advance(_ client: Int, to new: Progress) {
    guard let old = progress.updateValue(new, forKey: client) else {
      preconditionFailure("client \(client) isn't selected in round \(phase.round)")
    }
    if old == .invited { invited -= 1 }
    if !old.isSettled { unsettled -= 1 }
    if !new.isSettled { unsettled += 1 }
    bytesInFlight += new.bytesInFlight - old.bytesInFlight
  }

  /// Has a client wait for leave to send, behind all others.
  mutating func enqueue(_ client: Int, _ offer: Offer, attempt: Int) {
    advance(client, to: .offered(offer, attempt: attempt, place: queue.count))
    queue.append(client)
  }

  /// Counts a client's update, which is stored durably, and notes when the quorum is reached.
  mutating func accept(_ offer: Offer, of client: Int, quorum: Int?, _ now: Duration) {
    advance(client, to: .accepted(offer))
    accepted += 1
    if accepted >= quorum ?? selected.count, quorumReached == nil { quorumReached = now }
  }

  /// All selected clients are settled.
  var isComplete: Bool { unsettled == 0 }
  /// The bytes of all steps to the model.
  var modelBytes: Int { steps.values.reduce(0) { $0 + $1.length } }

  /// There is one way to each segment, the same for all, so that it is announced to all.
  var isListed: Bool { segments.allSatisfy { $0.steps.count <= 1 } }

  /// The segments with the steps that a client with these states needs, and no others.
  func segments(from states: [UInt64]) -> [Segment] {
    segments.map { segment in
      var segment = segment
      segment.steps = segment.path(from: states) ?? segment.steps
      return segment
    }
  }
}
