import Bytes
import Foundation
import SwiftProtobuf

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

  /// Whose message it is that `error` keeps from being read; nil where no client is named.
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
      let samples = try count(join.samples, "samples")
      return .join(
        Join(
          worker: join.worker, plan: try digest(join.plan, "plan"),
          maximalStage: join.maximalStage == 0 ? nil : Int(join.maximalStage),
          samples: samples == 0 ? nil : samples))
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
    case .updateChunk, .welcome, .announce, .modelChunk, .grant, .acknowledge, .refuse, .closed,
      .finished:
      throw .body
    }
  }
}
