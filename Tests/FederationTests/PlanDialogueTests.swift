import Bytes
import Federation
import Measures
import Testing
import Wire

/// Fetches of the plan over a network that loses, doubles, delays and reorders, from a broker that
/// is killed and comes back with another plan.
@Suite struct PlanDialogueTests {
  /// A broker's machine and a worker's fetch, with what is on its way between them.
  private struct World {
    enum Parcel: Equatable {
      case up(Message<Uplink>)
      case down(Message<Downlink>, [UInt8])
      case subscription
    }

    var broker: BrokerHostBench?
    var fetch: PlanFetch
    var stream: RandomStream
    var now = Duration.zero
    var parcels: [(due: Duration, parcel: Parcel)] = []
    var end: PlanFetch.End?
    /// The bytes of the plan that the broker sent.
    var sent = 0

    mutating func chance(_ percent: Int) -> Bool {
      Int.random(in: 0..<100, using: &stream) < percent
    }

    mutating func dispatch(_ parcel: Parcel) {
      if parcel != .subscription, chance(25) { return }
      for _ in 0..<(chance(10) ? 2 : 1) {
        let delay = Duration.milliseconds(Int.random(in: 1...1500, using: &stream))
        parcels.append((now + delay, parcel))
      }
    }

    mutating func start(_ plan: PlanBytes, epoch: Int) {
      var limits = ProtocolLimits()
      limits.chunkBytes = 1000
      broker = BrokerHostBench(clients: 1, limits: limits, epoch: epoch, text: plan)
      dispatch(.subscription)
    }

    mutating func tell(_ event: BrokerEvent) throws {
      guard let broker else { return }
      broker.now = now
      for call in try broker.handle(event) {
        switch call {
        case .send(.client, let message): dispatch(.down(message, []))
        case .plan(let pieces, _):
          guard let text = broker.host.machine.plan.text else { continue }
          for piece in pieces {
            sent += piece.range.count
            dispatch(.down(piece.message, Array(text.bytes.bytes[piece.range])))
          }
        default: break
        }
      }
    }

    mutating func take(_ event: PlanFetch.Event) {
      for action in fetch.handle(event, at: now) {
        switch action {
        case .send(let message): dispatch(.up(message))
        case .turnedDown: break
        case .finished(let end): self.end = end
        }
      }
    }

    /// Goes on to the next thing that happens.
    mutating func step() throws {
      let next = parcels.indices.min { parcels[$0].due < parcels[$1].due }
      guard let wake = fetch.wakeTime else { return }
      if let next, parcels[next].due < wake {
        let (due, parcel) = parcels.remove(at: next)
        now = max(now, due)
        switch parcel {
        case .up(let message): try tell(.message(message))
        case .subscription: try tell(.subscribed(.client(0)))
        case .down(let message, let payload): take(.message(message, payload: payload))
        }
      } else {
        now = max(now, wake)
        take(.tick)
      }
    }
  }

  private static func plan(_ name: String) -> PlanBytes {
    PlanBytes((0..<600).map { "\(name)\($0): \($0 * 7)\n" }.joined())
  }

  @Test(arguments: 0..<200) func `the plan arrives whole, whatever happens on the way`(
    seed: UInt64
  ) throws {
    let (first, second) = (Self.plan("first"), Self.plan("second"))
    var world = World(
      fetch: PlanFetch(
        client: 0, worker: 5, limits: ProtocolLimits(), patience: .seconds(3600),
        jitter: RandomStream(seed: seed)),
      stream: RandomStream(seed: seed).stream("network"))
    world.start(first, epoch: 1)
    let isKilled = world.chance(50)
    let restart = Int.random(in: 1...30, using: &world.stream)
    for number in 0..<20_000 where world.end == nil {
      if isKilled, number == restart {
        world.broker = nil
        world.parcels.removeAll { if case .up = $0.parcel { true } else { false } }
      }
      if isKilled, number == restart + 10 { world.start(second, epoch: 2) }
      try world.step()
    }
    guard case .fetched(let plan)? = world.end else {
      Issue.record("it ended with \(String(describing: world.end)) after \(world.now)")
      return
    }
    #expect(plan == first || isKilled && plan == second)
    #expect(world.now < .seconds(120), "\(world.now)")
    // A few times the plan for the whole fetch, however much got lost.
    #expect(world.sent <= 8 * plan.count, "\(world.sent) bytes of a plan of \(plan.count)")
  }
}
