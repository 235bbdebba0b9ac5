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
    /// It has an update and waits for leave to send it.
    case offered(Offer, attempt: Int)
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
  var progress: [Int: Progress]
  /// How many updates were accepted.
  var accepted = 0
  /// When enough updates had been accepted.
  var quorumReached: Duration?
  /// How many updates came that had been counted before.
  var duplicates = 0
  /// The clients that wait for leave to send, in the order of their offers.
  var queue: [Int] = []
  /// The segments that clients asked for, until the broadcast; nil after it.
  var wanted: [Digest: Set<Int>]? = [:]
  /// The workers of the clients that asked.
  var wantingWorkers: [Digest: Set<UInt64>] = [:]
  /// How many bytes were repaired for each client.
  var repaired: [Int: Int] = [:]

  /// Counts a client's update, which is stored durably, and notes when the quorum is reached.
  mutating func accept(_ offer: Offer, of client: Int, quorum: Int?, _ now: Duration) {
    progress[client] = .accepted(offer)
    accepted += 1
    if accepted >= quorum ?? selected.count, quorumReached == nil { quorumReached = now }
  }

  /// All selected clients are settled.
  var isComplete: Bool { progress.values.allSatisfy(\.isSettled) }
  /// The update bytes that are granted or in memory.
  var bytesInFlight: Int { progress.values.reduce(0) { $0 + $1.bytesInFlight } }
  /// The bytes of the whole model.
  var modelBytes: Int { segments.reduce(0) { $0 + $1.length } }
}
