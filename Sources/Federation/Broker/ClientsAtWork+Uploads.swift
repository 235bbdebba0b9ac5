import Measures
package import Wire

/// Offers, leaves to send, and chunks.
extension ClientsAtWork {
  /// The answer to an offer.
  package enum OfferAnswer: Hashable {
    /// The client waits for leave to send.
    case isQueued
    /// The client waits already, or its acknowledgement is on the way.
    case isKnown
    /// The client may send these ranges, which are missing yet.
    case isMissing([Range<Int>])
    /// The update has been counted before.
    case isDuplicate
    /// The update is of no samples, and so has no weight.
    case isWeightless
    /// The update is refused.
    case isRefused(RefusalReason, detail: String)

    /// The actions that give the answer to `client`.
    func actions(to client: Int, under header: Header, _ plan: BrokerPlan) -> [BrokerAction] {
      switch self {
      case .isQueued, .isKnown: return []
      case .isMissing(let ranges):
        return [.send(.client(client), Message(header, .acknowledge(.incomplete(ranges))))]
      case .isDuplicate:
        return [.send(.client(client), Message(header, .acknowledge(.duplicate)))]
      case .isWeightless:
        let detail = "field samples is 0: an update of no samples has no weight"
        return plan.refuse(client, .malformed, detail, under: header)
      case .isRefused(let reason, let detail):
        return plan.refuse(client, reason, detail, under: header)
      }
    }
  }

  /// Takes in a client's offer: the answer, and true if bytes of an earlier offer are to be
  /// released.
  ///
  /// An update can have `limit` bytes at most; it counts if it was trained from one of the round's
  /// models.
  package mutating func offer(
    _ client: Int, _ submission: Submission, attempt: Int, limit: Int, isFromKnownModel: Bool
  ) -> (answer: OfferAnswer, releases: Bool) {
    let offer = submission.offer
    var releases = false
    switch progress[client] {
    case .accepted:
      duplicates += 1
      return (.isDuplicate, false)
    // A client that took the right model after all is taken back.
    case .refused(.wrongBase) where isFromKnownModel: break
    case .refused(let reason):
      return (.isRefused(reason, detail: "it was refused before"), false)
    case .storing: return (.isKnown, false)
    case .receiving(let known, let before, let missing)
    where known.offer == offer && before == attempt:
      return (.isMissing(Array(missing.ranges.prefix(ProtocolLimits.rangesPerMessage))), false)
    case .offered(let known, let before, _) where known.offer == offer && before == attempt:
      return (.isKnown, false)
    case .receiving: releases = true
    case .declined, .invited, .working, .offered, .left, nil: break
    }
    guard offer.samples > 0 else {
      advance(client, to: .refused(.malformed))
      return (.isWeightless, releases)
    }
    guard offer.length > 0, offer.length <= limit else {
      advance(client, to: .refused(.tooLarge))
      let detail = "\(offer.length) bytes; at most \(limit) can be needed"
      return (.isRefused(.tooLarge, detail: detail), releases)
    }
    guard isFromKnownModel else {
      advance(client, to: .refused(.wrongBase))
      return (.isRefused(.wrongBase, detail: "trained from another model"), releases)
    }
    enqueue(client, submission, attempt: attempt)
    return (.isQueued, releases)
  }

  /// The answer to a chunk.
  package enum ChunkAnswer: Hashable {
    /// The chunk is to be kept, and more are missing.
    case isKept
    /// The chunk is to be kept, and the update is complete.
    case completes(Submission)
    /// The chunk is of no use; this is the name under which it is counted.
    case isUseless(String)
  }

  /// Takes in a chunk of a client's update, from the progress that it has.
  package mutating func receive(
    _ range: Range<Int>, of client: Int, at progress: ClientProgress, attempt: Int
  ) -> ChunkAnswer {
    guard case .receiving(let submission, attempt, var missing) = progress else {
      return .isUseless("unexpected chunk")
    }
    guard range.upperBound <= submission.offer.length else {
      return .isUseless("chunk beyond an update")
    }
    let new = missing.intersection(RangeSet(range))
    guard !new.isEmpty else { return .isUseless("repeated chunk") }
    missing.remove(contentsOf: range)
    guard missing.isEmpty else {
      advance(client, to: .receiving(submission, attempt: attempt, missing: missing))
      room.received(new.size, of: client)
      return .isKept
    }
    advance(client, to: .storing(submission, attempt: attempt))
    return .completes(submission)
  }

  /// Takes in a chunk of a client's update, from the progress that it has; an update that is whole
  /// is stored, once no evaluation is under way.
  mutating func take(
    _ range: Range<Int>, of client: Int, at progress: ClientProgress, _ attempt: Int,
    _ evaluation: inout EvaluationCourse
  ) -> [BrokerAction] {
    let receive = BrokerAction.receive(client: client, offset: range.lowerBound)
    switch self.receive(range, of: client, at: progress, attempt: attempt) {
    case .isUseless(let name): return [.count(name)]
    case .isKept: return [receive]
    case .completes(let submission):
      let store = BrokerAction.store(round: round, client: client, attempt: attempt, submission)
      return [receive] + evaluation.store(store)
    }
  }

  /// Refuses an update that wasn't stored, for good unless it may be sent again after `retry`
  /// milliseconds.
  mutating func refuseStored(
    _ client: Int, _ reason: RefusalReason, _ detail: String, retry: Int?, _ plan: BrokerPlan,
    _ header: Header
  ) -> [BrokerAction] {
    advance(client, to: retry == nil ? .refused(reason) : .working)
    return plan.refuse(client, reason, detail, retry: retry, under: header)
  }

  /// Lets waiting clients send while there is room, in the order of their offers, and says so.
  package mutating func grant(
    _ plan: BrokerPlan, _ models: RoundModels, _ presence: PresentClients
  ) -> [BrokerAction] {
    var actions: [BrokerAction] = []
    while let (client, place) = room.first {
      if case .offered(let submission, let attempt, place) = progress[client] {
        let length = submission.offer.length
        if !presence.contains(client) {
          // It offers again when it is back; until then others may use the room.
          advance(client, to: .working)
        } else {
          guard room.admits(length, limit: plan.limits.bytesInFlight) else { break }
          advance(
            client, to: .receiving(submission, attempt: attempt, missing: RangeSet(0..<length)))
          var header = models.header(to: client, of: self, plan)
          header.attempt = attempt
          actions.append(.reserve(client: client, length: length))
          actions.append(.send(.client(client), Message(header, .grant(0..<length))))
        }
      }
      // A client that no longer waits at this place is passed over.
      room.pass()
    }
    return actions
  }
}
