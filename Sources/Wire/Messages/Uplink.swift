package import Bytes
import Foundation
import SwiftProtobuf

/// A message of a client, over PUSH.
package enum Uplink: Hashable, Sendable {
  /// Asks to take part.
  case join(Join)
  /// Lacks steps to the announced model, or parts of them.
  case want(worker: UInt64, needs: [Need])
  /// Has an update and asks to send it, or asks again what became of it.
  case offer(Offer)
  /// Sends `length` bytes of its update, as payload.
  case updateChunk(offset: Int, length: Int)
  /// Is alive.
  case heartbeat(Activity)
  /// Goes; a worker that took the client over meanwhile stays.
  case leave(worker: UInt64)
  /// Can't take part in this round.
  case decline(DeclineReason, detail: String)
  /// A worker lacks these ranges of the plan; none for all of it.
  case planWant(worker: UInt64, ranges: [Range<Int>])
  /// Reports sums over its samples, for a normalization of all.
  case sums(SampleSums)
  /// Reports the scores of an evaluation on what it holds out.
  case scores(HoldOutScores)
}

/// Asks to take part in a run.
package struct Join: Hashable, Sendable {
  /// Random, one per worker process.
  package var worker: UInt64
  /// The digest of what both sides must agree on.
  package var plan: Digest
  /// The deepest stage that the client's memory allows; nil for no limit.
  package var maximalStage: Int?
  /// The number of the client's samples, the most that its updates may be trained on; nil if it
  /// doesn't say.
  package var samples: Int?
  /// The number of samples that it holds out for evaluation; nil if it doesn't say.
  package var heldOut: Int?
  /// The worker's name for people; empty where it has none.
  package var name: String
  /// The number of training samples of each label; empty where the plan doesn't ask for them.
  package var labels: [Int]

  /// A request of the given parts.
  package init(
    worker: UInt64, plan: Digest, maximalStage: Int?, samples: Int? = nil, heldOut: Int? = nil,
    name: String = "", labels: [Int] = []
  ) {
    self.worker = worker
    self.plan = plan
    self.maximalStage = maximalStage
    self.samples = samples
    self.heldOut = heldOut
    self.name = name
    self.labels = labels
  }
}

/// The parts of one step that a client lacks.
package struct Need: Hashable, Sendable {
  /// The digest of the step's encoded bytes.
  package var digest: Digest
  /// The missing ranges, in rising order; empty for the whole step.
  package var ranges: [Range<Int>]

  /// A lack of `ranges`, or of everything.
  package init(digest: Digest, ranges: [Range<Int>] = []) {
    self.digest = digest
    self.ranges = ranges
  }
}

/// Describes an update that waits to be sent.
package struct Offer: Hashable, Sendable {
  /// The update's bytes.
  package var length: Int
  /// The SHA-256 digest of these bytes.
  package var digest: Digest
  /// The number of samples that it was trained on.
  package var samples: Int
  /// The digest over the states of the segments that it was trained from.
  package var base: Digest
  /// The mean loss over the local training.
  package var loss: Float
  /// The number of optimizer steps.
  package var steps: Int
  /// The number of steps that were skipped because of their loss.
  package var skippedSteps: Int

  /// An offer of the given parts.
  package init(
    length: Int, digest: Digest, samples: Int, base: Digest, loss: Float, steps: Int,
    skippedSteps: Int
  ) {
    self.length = length
    self.digest = digest
    self.samples = samples
    self.base = base
    self.loss = loss
    self.steps = steps
    self.skippedSteps = skippedSteps
  }
}

/// A client's activity.
package enum Activity: Int, Hashable, Sendable, CaseIterable {
  /// Nothing: it wasn't selected, or is done with the round.
  case idle = 1
  /// Waiting for the model.
  case fetching
  /// Training.
  case training
  /// Sending its update.
  case sending
  /// Evaluating on what it holds out.
  case evaluating
}

/// The reason that a selected client can't take part.
package enum DeclineReason: Int, Hashable, Sendable, Codable, CaseIterable {
  /// No step had a usable loss.
  case diverged = 1
  /// The stage is beyond its memory.
  case tooDeep
  /// It has no samples.
  case noData
  /// Training failed in another way.
  case failed
  /// Its samples can't be read, or aren't as the plan says.
  case badData

  /// The reason's name in the ledger and in logs.
  package var name: String {
    switch self {
    case .diverged: "diverged"
    case .tooDeep: "stage too deep"
    case .noData: "no data"
    case .failed: "training failed"
    case .badData: "bad data"
    }
  }
}

extension Envelope {
  /// The protobuf form of a client's message.
  static func schema(_ message: Message<Uplink>) -> Schema {
    var schema = Schema(header: message.header)
    switch message.body {
    case .join(let join):
      schema.join = .with {
        $0.worker = join.worker
        $0.plan = join.plan.data
        $0.maximalStage = UInt32(join.maximalStage ?? 0)
        $0.samples = UInt64(join.samples ?? 0)
        $0.heldOut = UInt64(join.heldOut ?? 0)
        $0.name = limited(join.name)
        $0.labelCounts = join.labels.map { UInt64($0) }
      }
    case .want(let worker, let needs):
      schema.want = .with {
        $0.worker = worker
        $0.needs = needs.map { need in
          .with {
            $0.digest = need.digest.data
            $0.ranges = need.ranges.map(\.schema)
          }
        }
      }
    case .offer(let offer):
      schema.offer = .with {
        $0.length = UInt64(offer.length)
        $0.digest = offer.digest.data
        $0.samples = UInt64(offer.samples)
        $0.base = offer.base.data
        $0.loss = offer.loss
        $0.steps = UInt32(offer.steps)
        $0.skippedSteps = UInt32(offer.skippedSteps)
      }
    case .updateChunk(let offset, _): schema.updateChunk = .with { $0.offset = UInt64(offset) }
    case .heartbeat(let activity):
      schema.heartbeat = .with { $0.state = .init(rawValue: activity.rawValue) ?? .unspecified }
    case .leave(let worker): schema.leave = .with { $0.worker = worker }
    case .decline(let reason, let detail):
      schema.decline = .with {
        $0.reason = .init(rawValue: reason.rawValue) ?? .unspecified
        $0.detail = limited(detail)
      }
    case .planWant(let worker, let ranges):
      schema.planWant = .with {
        $0.worker = worker
        $0.ranges = ranges.map(\.schema)
      }
    case .sums(let sums): schema.sums = sums.schema
    case .scores(let scores): schema.scores = scores.schema
    }
    return schema
  }

  /// Checks a client's message field by field.
  static func message(_ schema: Schema, payload: Int) throws(WireError) -> Message<Uplink> {
    let header = try schema.header()
    guard header.client != nil else { throw .field("client") }
    guard let body = schema.body else { throw .body }
    if case .updateChunk(let chunk) = body {
      let offset = try count(chunk.offset, "offset")
      guard payload > 0 else { throw .payload(count: payload) }
      return Message(header, .updateChunk(offset: offset, length: payload))
    }
    guard payload == 0 else { throw .payload(count: payload) }
    return try Message(header, uplink(body))
  }

  /// The sender of a message that `error` keeps from being read; nil where no client is named.
  static func fault(_ schema: Schema, _ error: WireError) -> UplinkFault? {
    guard let header = try? schema.header(), header.client != nil else { return nil }
    var fault = UplinkFault(header: header, problem: "\(error)")
    if case .join(let join)? = schema.body {
      (fault.worker, fault.isJoin) = (join.worker, true)
      if error == .field("plan") { fault.reason = .wrongPlan }
    }
    return fault
  }

  private static func uplink(_ body: Schema.OneOf_Body) throws(WireError) -> Uplink {
    switch body {
    case .join(let join):
      guard join.maximalStage <= 1 << 16 else { throw .field("maximal_stage") }
      guard join.name.utf8.count <= maximalText else { throw .field("name") }
      let samples = try count(join.samples, "samples")
      let heldOut = try count(join.heldOut, "held_out")
      return .join(
        Join(
          worker: join.worker, plan: try digest(join.plan, "plan"),
          maximalStage: join.maximalStage == 0 ? nil : Int(join.maximalStage),
          samples: samples == 0 ? nil : samples, heldOut: heldOut == 0 ? nil : heldOut,
          name: join.name, labels: try counts(join.labelCounts, "label_counts")))
    case .want(let want):
      guard want.needs.count <= 4 * maximalSteps else { throw .field("needs") }
      var needs: [Need] = []
      for need in want.needs {
        needs.append(
          Need(digest: try digest(need.digest, "digest"), ranges: try ranges(need.ranges)))
      }
      return .want(worker: want.worker, needs: needs)
    case .offer(let offer):
      guard offer.loss.isFinite else { throw .field("loss") }
      return .offer(
        Offer(
          length: try count(offer.length, "length"), digest: try digest(offer.digest, "digest"),
          samples: try count(offer.samples, "samples"), base: try digest(offer.base, "base"),
          loss: offer.loss, steps: Int(offer.steps), skippedSteps: Int(offer.skippedSteps)))
    case .heartbeat(let heartbeat):
      guard let activity = Activity(rawValue: heartbeat.state.rawValue) else {
        throw .field("state")
      }
      return .heartbeat(activity)
    case .leave(let leave): return .leave(worker: leave.worker)
    case .decline(let decline):
      guard let reason = DeclineReason(rawValue: decline.reason.rawValue) else {
        throw .field("reason")
      }
      guard decline.detail.utf8.count <= maximalText else { throw .field("detail") }
      return .decline(reason, detail: decline.detail)
    case .planWant(let want):
      return .planWant(worker: want.worker, ranges: try ranges(want.ranges))
    case .sums(let sums): return .sums(try SampleSums(sums))
    case .scores(let scores): return .scores(try HoldOutScores(scores))
    default: throw .body  // a broker's message
    }
  }
}
