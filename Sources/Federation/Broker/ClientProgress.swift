package import Wire

/// A client's progress with its update.
package enum ClientProgress: Hashable, Sendable {
  /// Nothing was heard yet.
  case invited
  /// It asked for the model, trains, or is about to.
  case working
  /// It has an update and waits at this place of the queue for leave to send it.
  case offered(Submission, attempt: Int, place: Int)
  /// It may send; these ranges are still missing.
  case receiving(Submission, attempt: Int, missing: RangeSet<Int>)
  /// Its update is being checked and stored.
  case storing(Submission, attempt: Int)
  /// Its update counts.
  case accepted(Submission)
  /// Its update was refused.
  case refused(RefusalReason)
  /// It could not train.
  case declined(DeclineReason)
  /// It said that it goes.
  case left

  /// Nothing more is expected of the client.
  package var isSettled: Bool {
    switch self {
    case .accepted, .refused, .declined, .left: true
    case .invited, .working, .offered, .receiving, .storing: false
    }
  }

  /// The update bytes that are granted or in memory.
  package var bytesInFlight: Int {
    switch self {
    case .receiving(let submission, _, _), .storing(let submission, _): submission.offer.length
    case .invited, .working, .offered, .accepted, .refused, .declined, .left: 0
    }
  }

  /// Bytes of its update may be on their way.
  package var isReceiving: Bool {
    guard case .receiving = self else { return false }
    return true
  }

  /// Its place in the queue of offers; beyond all of them if it doesn't wait there.
  package var place: Int {
    guard case .offered(_, _, let place) = self else { return .max }
    return place
  }
}

/// The room for updates on their way or in memory, and the queue of the clients that wait for some.
package struct UploadRoom: Hashable, Sendable {
  /// The update bytes that are granted or in memory.
  package private(set) var bytesInFlight = 0
  /// The clients whose updates may be on their way.
  package private(set) var receivers: Set<Int> = []
  /// The clients that offered an update, in the order of their offers; some no longer wait.
  private var queue: [Int] = []
  /// The first place of the queue where somebody may still wait.
  private var head = 0

  /// The client at the queue's head and its place; nil if nobody waits.
  package var first: (client: Int, place: Int)? { head < queue.count ? (queue[head], head) : nil }

  /// Passes over the queue's head.
  package mutating func pass() { head += 1 }

  /// The place of a client that waits from now on, behind all others.
  package mutating func enqueue(_ client: Int) -> Int {
    queue.append(client)
    return queue.count - 1
  }

  /// True if an update of `length` bytes may be sent beside the others; one beyond `limit` goes
  /// alone.
  package func admits(_ length: Int, limit: Int) -> Bool {
    bytesInFlight == 0 || bytesInFlight + length <= limit
  }

  /// Notes the bytes in flight that a change of a client's progress adds, and whether it may send.
  mutating func note(_ client: Int, bytes: Int, wasReceiving: Bool, isReceiving: Bool) {
    bytesInFlight += bytes
    guard wasReceiving != isReceiving else { return }
    if isReceiving { receivers.insert(client) } else { receivers.remove(client) }
  }
}
