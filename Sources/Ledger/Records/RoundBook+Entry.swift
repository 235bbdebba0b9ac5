import Measures

extension RoundBook {
  /// What an entry is about, packed into one integer: client + 1, view, direction, kind.
  struct Key: Hashable, Comparable, Sendable {
    private let code: Int

    init(view: View, client: Int?, direction: Direction, kind: TrafficKind) {
      precondition((client ?? 0) >= 0, "client \(client ?? 0)")
      let about = (view == .client ? 0 : 1) << 1 | (direction == .down ? 0 : 1)
      code = ((client ?? -1) + 1) << 6 | about << 4 | kind.ordinal
    }

    var client: Int? { code >> 6 == 0 ? nil : code >> 6 - 1 }
    var view: View { code & 0x20 == 0 ? .client : .socket }
    var direction: Direction { code & 0x10 == 0 ? .down : .up }
    var kind: TrafficKind { TrafficKind.allCases[code & 0xF] }

    static func < (lhs: Self, rhs: Self) -> Bool { lhs.code < rhs.code }
  }

  /// What was booked under one key.
  struct Entry: Hashable, Sendable {
    private(set) var offered = Traffic.zero
    private(set) var delivered = Traffic.zero
    private(set) var offeredCount = 0
    private(set) var deliveredCount = 0

    mutating func add(_ traffic: Traffic, count: Int, as standing: DeliveryStatus) {
      if standing.contains(.offered) {
        offered += traffic
        offeredCount += count
      }
      if standing.contains(.delivered) {
        delivered += traffic
        deliveredCount += count
      }
    }

    mutating func retract(_ traffic: Traffic, count: Int) -> Traffic {
      let taken = Traffic(
        payload: min(traffic.payload, delivered.payload), wire: min(traffic.wire, delivered.wire))
      delivered = delivered - taken
      deliveredCount -= min(count, deliveredCount)
      return taken
    }

    mutating func add(_ other: Entry) {
      add(other.offered, count: other.offeredCount, as: .offered)
      add(other.delivered, count: other.deliveredCount, as: .delivered)
    }
  }
}

extension TrafficKind {
  /// The place among all kinds.
  fileprivate var ordinal: Int {
    switch self {
    case .keyframe: 0
    case .delta: 1
    case .repair: 2
    case .update: 3
    case .control: 4
    case .heartbeat: 5
    case .handshake: 6
    case .retransmission: 7
    }
  }
}
