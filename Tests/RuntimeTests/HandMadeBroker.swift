import Bytes
import Codecs
import Federation
import Foundation
import Measures
import Runtime
import Wire
import ZMTP
import ZeroMQ

/// A broker of another make: it announces, and answers those who ask for its plan as a test wants.
final class HandMadeBroker {
  /// What it says of its plan: the fields of a chunk, and the payload.
  typealias Answer = (chunk: PlanChunk, payload: [UInt8])

  /// The answer to each request, by its number from 0.
  private let answers: (_ request: Int, _ ranges: [Range<Int>]) -> [Answer]
  /// What clients that couldn't take part said.
  private(set) var declined: [String] = []
  /// The plans of clients that asked to join.
  private(set) var joins: [Digest] = []
  /// The number of requests for the plan.
  private(set) var requests = 0

  private let control: Socket
  private let bulk: Socket
  private let updates: Socket

  init(
    at endpoints: Endpoints, in context: Context,
    answers: @escaping (_ request: Int, _ ranges: [Range<Int>]) -> [Answer]
  ) throws {
    self.answers = answers
    control = try Socket(.xpub, in: context)
    bulk = try Socket(.xpub, in: context)
    updates = try Socket(.pull, in: context)
    _ = try control.bind(to: endpoints.control)
    _ = try bulk.bind(to: endpoints.bulk)
    _ = try updates.bind(to: endpoints.updates)
  }

  /// The chunks of a plan that is as it is named.
  static func honest(_ plan: PlanBytes) -> [Answer] {
    let chunk = PlanChunk(digest: plan.digest, total: plan.count, offset: 0, length: plan.count)
    return [(chunk, plan.bytes.bytes)]
  }

  /// Plays until `isOver`, at most half a minute.
  func play(until isOver: () -> Bool) throws {
    let end = Date().addingTimeInterval(30)
    var announced = Date.distantPast
    while !isOver(), Date() < end {
      if Date().timeIntervalSince(announced) > 0.1 {
        announced = Date()
        let announce = Announce(
          sequence: 1, state: .waiting, warmUp: false, remaining: 0, learningRate: 0, selected: [],
          segments: [], updateCodec: .dense32)
        try publish(Message(Header(run: 9, epoch: 1), .announce(announce)), under: .all)
      }
      while try control.receive() != nil {}
      while try bulk.receive() != nil {}
      while let message = try updates.receive()?.message { try take(message) }
      Thread.sleep(forTimeInterval: 0.005)
    }
  }

  private func take(_ received: ZeroMQ.Message) throws {
    let frame = received.bytes(of: 0)
    let message = frame.withUnsafeBytes {
      try? Envelope.uplink($0, payload: UnsafeRawBufferPointer(start: nil, count: 0))
    }
    guard let message, let client = message.header.client else { return }
    switch message.body {
    case .planWant(let worker, let ranges):
      let header = Header(run: 9, epoch: 1, client: client, worker: worker)
      for answer in answers(requests, ranges) {
        try publish(
          Message(header, .planChunk(answer.chunk)), answer.payload, under: .client(client))
      }
      requests += 1
    case .join(let join): joins.append(join.plan)
    case .decline(_, let detail): declined.append(detail)
    default: break
    }
  }

  private func publish(
    _ message: Wire.Message<Downlink>, _ payload: [UInt8] = [], under topic: Topic
  ) throws {
    let envelope = payload.withUnsafeBytes { Envelope.frame(message, payload: $0) }
    _ = try control.send(
      [Frame(topic.text), Frame(envelope)] + (payload.isEmpty ? [] : [Frame(payload)]))
  }
}
