import Foundation
public import Measures

/// Draws the clients of a round.
///
/// Equal sets, histories and streams give equal draws, whatever the order in which clients joined.
public enum Selection {
  /// `count` of the `eligible` clients as `sampling` says, in rising order.
  package static func draw(
    _ count: Int, of eligible: some Sequence<Int>, sampling: Sampling,
    history: ParticipationHistory, using stream: RandomStream
  ) -> [Int] {
    switch sampling {
    case .uniform: uniform(count, of: eligible, using: stream)
    case .fair:
      least(count, of: eligible) { client in
        Key(value: Double(history.counted(of: client)), lot: lot(client, stream))
      }
    case .available:
      // Efraimidis and Spirakis: the least of −ln(u)/w are a draw without replacement by the weights w.
      least(count, of: eligible) { client in
        let lot = lot(client, stream)
        return Key(value: -log(lot) / max(history.reliability(of: client), floor), lot: lot)
      }
    }
  }

  /// `count` of the `eligible` clients, each as likely as the other, in rising order.
  ///
  /// A partial Fisher–Yates shuffle over the eligible clients in rising order.
  public static func uniform(
    _ count: Int, of eligible: some Sequence<Int>, using stream: RandomStream
  ) -> [Int] {
    var stream = stream
    var pool = eligible.sorted()
    let drawn = min(count, pool.count)
    for index in 0..<drawn {
      pool.swapAt(index, Int.random(in: index..<pool.count, using: &stream))
    }
    return pool.prefix(drawn).sorted()
  }

  /// The least reliability that odds are made of: also who never delivered is asked now and then.
  private static let floor = 0.05

  /// A client's lot, above 0 and at most 1; the others don't change it.
  private static func lot(_ client: Int, _ stream: RandomStream) -> Double {
    Double((stream.value(at: UInt64(client)) >> 11) + 1) * 0x1p-53
  }

  private static func least(
    _ count: Int, of eligible: some Sequence<Int>, by key: (Int) -> Key
  ) -> [Int] {
    let keys = eligible.map { (client: $0, key: key($0)) }
    let order = keys.sorted { one, other in
      if one.key.value != other.key.value { return one.key.value < other.key.value }
      if one.key.lot != other.key.lot { return one.key.lot < other.key.lot }
      return one.client < other.client
    }
    return order.prefix(count).map(\.client).sorted()
  }

  /// What clients are ordered by: a value, and among equals their lots.
  private struct Key {
    var value: Double
    var lot: Double
  }
}
