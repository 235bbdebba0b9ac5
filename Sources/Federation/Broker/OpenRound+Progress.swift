import Wire

extension OpenRound {
  /// How far a client is.
  enum Progress: Hashable, Sendable {
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
    var isSettled: Bool {
      switch self {
      case .accepted, .refused, .declined, .left: true
      case .invited, .working, .offered, .receiving, .storing: false
      }
    }

    /// The update bytes that are granted or in memory.
    var bytesInFlight: Int {
      switch self {
      case .receiving(let submission, _, _), .storing(let submission, _): submission.offer.length
      case .invited, .working, .offered, .accepted, .refused, .declined, .left: 0
      }
    }

    /// Bytes of its update may be on their way.
    var isReceiving: Bool {
      guard case .receiving = self else { return false }
      return true
    }
  }
}
