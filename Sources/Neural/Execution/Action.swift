import Measures
import OneDNN

/// One piece of a pass over a batch, bound to its memory.
protocol Action {
  /// Computes; allocates no tensor.
  func run(_ step: Step) throws(DNNLError)
}

/// What an action has to know of the step that it is part of.
struct Step {
  /// Where primitives run.
  let stream: OneDNN.Stream
  /// The masks' randomness; nil to leave all scalars as they are.
  let dropout: RandomStream?
  /// How many samples came before this batch.
  let firstSample: Int
}
