public import Foundation
public import Tensors

/// What a run needs to go on after a round.
public struct Checkpoint: Hashable, Sendable {
  /// The last round that is in it, counted from 1; 0 before the first.
  public var round: Int
  /// The state of the round machinery, as JSON.
  public var state: Data
  /// The model and what else is large, by name.
  public var tensors: [String: Tensor]
  /// Bytes that are kept as they are, by name.
  public var bytes: [String: [UInt8]]

  /// A checkpoint after `round`.
  public init(
    round: Int, state: Data = Data(), tensors: [String: Tensor] = [:],
    bytes: [String: [UInt8]] = [:]
  ) {
    self.round = round
    self.state = state
    self.tensors = tensors
    self.bytes = bytes
  }
}
