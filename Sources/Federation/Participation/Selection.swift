import Foundation
public import Measures

/// The order in which a round asks clients.
public enum Sampling: String, Hashable, Sendable, CaseIterable {
  /// All, with equal odds.
  case uniform
  /// The clients that had the fewest turns so far; among equals, by lot.
  case fair
  /// The clients that lately delivered when they were asked, with better odds; none has no chance.
  case available
}

/// Draws the clients of a round.
///
/// Equal sets, histories and streams give equal draws, whatever the order in which clients joined.
/// A uniform draw costs the more the more are drawn, and hardly more in a larger fleet; the others
/// look once at each eligible client.
public enum Selection {
  /// `count` of the `eligible` clients as `sampling` says, in rising order.
  package static func draw(
    _ count: Int, of eligible: some Sequence<Int>, sampling: Sampling,
    history: ParticipationHistory, using stream: RandomStream
  ) -> [Int] {
    draw(
      count, ofOrdered: eligible.sorted(), sampling: sampling, history: history, using: stream)
  }

  /// `count` of the `eligible` clients, which are in rising order, as `sampling` says, in that
  /// order too.
  package static func draw(
    _ count: Int, ofOrdered eligible: some RandomAccessCollection<Int>, sampling: Sampling,
    history: ParticipationHistory, using stream: RandomStream
  ) -> [Int] {
    switch sampling {
    case .uniform: uniform(count, ofOrdered: eligible, using: stream)
    case .fair:
      least(count, of: eligible) { client in
        Key(value: Double(history.turns(of: client)), lot: lot(client, stream))
      }
    case .available:
      // Efraimidis and Spirakis: the least of −ln(u)/w are a draw without replacement by the
      // weights w.
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
    uniform(count, ofOrdered: eligible.sorted(), using: stream)
  }

  /// The shuffle of clients in rising order, of which only the places that changed are kept.
  private static func uniform(
    _ count: Int, ofOrdered eligible: some RandomAccessCollection<Int>,
    using stream: RandomStream
  ) -> [Int] {
    var stream = stream
    let size = eligible.count
    var moved: [Int: Int] = [:]
    let drawn = (0..<min(count, size)).map { index in
      let place = Int.random(in: index..<size, using: &stream)
      defer { moved[place] = moved[index] ?? index }
      return eligible[eligible.index(eligible.startIndex, offsetBy: moved[place] ?? place)]
    }
    return drawn.sorted()
  }

  /// The least reliability that odds are made of, so that a client that never delivered is asked
  /// again.
  private static let floor = 0.05

  /// A client's lot, above 0 and at most 1; the others don't change it.
  private static func lot(_ client: Int, _ stream: RandomStream) -> Double {
    Double((stream.value(at: UInt64(client)) >> 11) + 1) * 0x1p-53
  }

  private static func least(
    _ count: Int, of eligible: some Sequence<Int>, by key: (Int) -> Key
  ) -> [Int] {
    guard count > 0 else { return [] }
    // The best so far, in their order: most clients are compared with the last of them alone.
    var best: [(client: Int, key: Key)] = []
    for client in eligible {
      let own = key(client)
      if best.count >= count {
        guard let last = best.last, own < last.key else { continue }
        best.removeLast()
      }
      var (low, high) = (0, best.count)
      while low < high {
        let middle = (low + high) / 2
        if own < best[middle].key { high = middle } else { low = middle + 1 }
      }
      best.insert((client, own), at: low)
    }
    return best.map(\.client).sorted()
  }

  /// The order of clients: by a value, and among equals by their lots.
  private struct Key {
    var value: Double
    var lot: Double

    /// True if it comes first; of equal ones the client does that was seen first.
    static func < (one: Key, other: Key) -> Bool {
      one.value != other.value ? one.value < other.value : one.lot < other.lot
    }
  }
}
