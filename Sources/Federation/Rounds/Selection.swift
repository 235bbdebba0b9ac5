public import Measures

/// Draws the clients of a round.
public enum Selection {
  /// `count` of the `eligible` clients, each as likely as the other, in rising order.
  ///
  /// A partial Fisher–Yates shuffle over the eligible clients in rising order: equal sets and streams
  /// give equal draws, whatever the order in which clients joined.
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
}
