import Foundation
public import Measures

/// The choice of blocks that rest in a round, while the server makes their last steps again.
///
/// A block that hardly moves for its size has little to tell: its last mean update serves once more
/// (“Layer-wise Update Aggregation with Recycling for Communication-Efficient Federated Learning”,
/// arXiv 2503.11146). Chance decides, with weights by which no block rests for ever.
public enum Recycling {
  /// A block that could rest.
  public struct Candidate: Hashable, Sendable {
    /// The block, from 1.
    public var block: Int
    /// The norm of its last mean update.
    public var step: Double
    /// The norm of its values.
    public var values: Double

    /// A block with the norms of its last mean update and of its values.
    public init(block: Int, step: Double, values: Double) {
      self.block = block
      self.step = step
      self.values = values
    }

    /// The weight of its lot, ‖x‖ / ‖Δ‖, within bounds that any floats keep to.
    var weight: Double {
      let weight = values / step
      return weight.isNaN ? 1 : min(max(weight, 1e-9), 1e9)
    }
  }

  /// The blocks that rest in the next round, in rising order.
  ///
  /// Drawn one after the other without putting back, each with a probability in proportion to its
  /// weight.
  ///
  /// - Parameters:
  ///   - count: The number of blocks, as far as there are so many.
  ///   - candidates: The blocks whose last steps are known.
  ///   - random: The round's own stream.
  /// - Returns: As many different blocks.
  public static func resting(
    _ count: Int, of candidates: [Candidate], random: RandomStream
  ) -> [Int] {
    // The smallest of exponential lots with these rates (Efraimidis, Spirakis, 2006).
    let lots = candidates.map { candidate in
      let uniform = (Double(random.value(at: UInt64(candidate.block)) >> 11) + 1) / 0x1p53
      return (block: candidate.block, lot: -log(uniform) / candidate.weight)
    }
    let drawn = lots.sorted { ($0.lot, $0.block) < ($1.lot, $1.block) }.prefix(count)
    return drawn.map(\.block).sorted()
  }
}
