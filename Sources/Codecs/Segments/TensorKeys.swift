import Measures

/// The keys of one tensor's random streams, all derived from the seed of its message.
package struct TensorKeys: Sendable {
  /// Draws the positions that a random sparsifier keeps.
  let positions: UInt64
  /// Draws the signs of a random rotation.
  let rotation: UInt64
  /// Draws the stochastic rounding; only the sender needs it.
  let rounding: UInt64

  /// The keys of tensor `index` in the message of `seed`.
  package init(seed: UInt64, tensor index: Int) {
    let message = RandomStream(key: seed)
    positions = message.stream("positions", index).key
    rotation = message.stream("rotation", index).key
    rounding = message.stream("rounding", index).key
  }
}
