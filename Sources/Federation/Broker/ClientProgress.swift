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

  /// The bytes of its update that it may send and that are missing yet.
  package var missingBytes: Int {
    guard case .receiving(_, _, let missing) = self else { return 0 }
    return missing.size
  }

  /// It has offered an update of which bytes are lacking.
  package var isOffered: Bool {
    switch self {
    case .offered, .receiving: true
    case .invited, .working, .storing, .accepted, .refused, .declined, .left: false
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

extension RangeSet<Int> {
  /// The number of places in it.
  var size: Int { ranges.reduce(0) { $0 + $1.count } }
}
