/// The turns by which rounds of the full model train parts of it.
///
/// Some rounds train all, then some the first block, some the second and so on to the last, and it
/// begins again (Wang et al., “Why Go Full? Elevating Federated Learning Through Partial Network
/// Updates”, NeurIPS 2024). A block that isn't trained isn't sent up, and goes down to those alone
/// who don't hold it. The head is trained in all rounds.
public struct PartCycle: Hashable, Sendable {
  /// The rounds that train all of the model, before each pass through the blocks.
  public var full: Int
  /// The rounds that train each block.
  public var each: Int
  /// The rounds that go by turns, after which all of the model is trained; nil for all.
  public var rounds: Int?

  /// The usual turns.
  public static let standard = PartCycle(full: 5, each: 2)

  /// Turns of so many rounds.
  public init(full: Int, each: Int, rounds: Int? = nil) {
    precondition(full >= 0 && each >= 1, "\(full) rounds of all and \(each) of each block")
    precondition(rounds ?? 0 >= 0, "\(rounds ?? 0) rounds by turns")
    self.full = full
    self.each = each
    self.rounds = rounds
  }

  /// The block that a round trains.
  ///
  /// - Parameters:
  ///   - round: The round, from 1 where the turns begin.
  ///   - blocks: The number of blocks.
  /// - Returns: The block, from 1; nil for all.
  public func block(in round: Int, of blocks: Int) -> Int? {
    precondition(round >= 1 && blocks >= 1, "round \(round) with \(blocks) blocks")
    guard round <= rounds ?? round else { return nil }
    let place = (round - 1) % (full + each * blocks) - full
    return place < 0 ? nil : place / each + 1
  }
}
