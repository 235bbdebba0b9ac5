import Bytes
import Federation
package import Measures
import Wire

/// A worker's fetching of the plan, told anything by a broker.
package struct PlanFetchTarget: FuzzTarget {
  package let name = "plan fetch"

  /// The most bytes of chunks that a fetch may have taken before it ends.
  private static let mostBytes = 17 * PlanBytes.limit

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    var messages = RandomMessages(stream: stream, digests: FuzzWorld().digests)
    var fetch = PlanFetch(
      client: 1, worker: 1, limits: ProtocolLimits(), patience: .seconds(100),
      jitter: RandomStream(seed: 3))
    let plan = PlanBytes(String(repeating: "a: b\n", count: 1 + messages.number(400)))
    var now = Duration.zero
    var taken = 0
    var heard = false
    for _ in 0..<60 {
      now += .milliseconds(messages.number(2000))
      let event = event(of: plan, &messages)
      if case .message(_, let payload) = event { taken += payload.count }
      let actions = fetch.handle(event, at: now)
      heard = heard || !actions.isEmpty
      for action in actions {
        switch action {
        case .send(let message):
          guard case .planWant(1, let ranges) = message.body,
            ranges.allSatisfy({ $0.upperBound <= PlanBytes.limit })
          else { throw FuzzFinding("a fetch asks for what no plan has") }
        case .turnedDown: break
        case .finished(.fetched(let fetched)):
          guard fetched.digest == Digest(of: fetched.bytes.bytes) else {
            throw FuzzFinding("a plan is taken without its digest")
          }
        case .finished: break
        }
      }
      if case .finished? = actions.last {
        guard fetch.wakeTime == nil else { throw FuzzFinding("a fetch that ended wakes again") }
        return heard
      }
      guard let wake = fetch.wakeTime, wake <= .seconds(200) else {
        throw FuzzFinding("a fetch sleeps for ever")
      }
      guard taken <= Self.mostBytes else {
        throw FuzzFinding("a fetch takes chunks without an end")
      }
    }
    return heard
  }

  /// Something that a broker may say: chunks of a plan mostly, some of them of another, or wrong.
  private func event(of plan: PlanBytes, _ messages: inout RandomMessages) -> PlanFetch.Event {
    let header = Header(
      run: 77, epoch: 1 + messages.number(3) / 2,
      client: messages.number(20) == 0 ? nil : 1, worker: messages.number(20) == 0 ? 2 : 1)
    switch messages.number(10) {
    case 0, 1: return .tick
    case 2: return .message(Message(header, messages.downlink()))
    case 3:
      let length = messages.number(300)
      let total = messages.count(bits: 24)
      let offset = messages.number(max(1, total - length))
      return .message(
        Message(
          header,
          .planChunk(
            PlanChunk(digest: messages.digest(), total: total, offset: offset, length: length))),
        payload: [UInt8](repeating: 1, count: min(length, max(0, total - offset))))
    default:
      let first = messages.number(plan.count)
      let range = first..<min(plan.count, first + 1 + messages.number(600))
      var payload = Array(plan.bytes.bytes[range])
      if messages.number(30) == 0 { payload[0] ^= 1 }
      return .message(
        Message(
          header,
          .planChunk(
            PlanChunk(
              digest: plan.digest, total: plan.count, offset: range.lowerBound,
              length: range.count))),
        payload: payload)
    }
  }
}
