public import Tensors

/// The distance that a segment's steps cover together, over the sum of their lengths: 1 if all have
/// the same direction, 0 if they lead back to their start.
///
/// Σⱼ |Σ Δⱼ| / Σⱼ Σ |Δⱼ|: the steps Δ of a window of rounds summed first, then the parameters j (Wu
/// et al., “ProFL”, KDD 2025). A segment that has converged goes to and fro: steps without any
/// direction come to 1/√window. Buffers, which no gradient moves, are left out.
public struct EffectiveMovement: Hashable, Sendable {
  /// The number of steps in a window.
  public let window: Int
  /// The sum of the window's steps so far.
  public private(set) var path: ParameterVector?
  /// The sum of each parameter's absolute changes in the window.
  public private(set) var distances: [Float]
  /// The number of the window's steps so far.
  public private(set) var steps: Int

  /// A movement at the beginning of a window.
  public init(window: Int) {
    precondition(window > 0, "a window of \(window) steps")
    self.window = window
    path = nil
    distances = []
    steps = 0
  }

  /// A movement in the middle of a window, as a checkpoint kept it.
  public init(window: Int, path: ParameterVector, distances: [Float], steps: Int) {
    precondition(path.scalars.count == distances.count, "a path of another segment")
    self.init(window: window)
    self.path = path
    self.distances = distances
    self.steps = steps
  }

  /// Takes in a step; at the window's end its effective movement, in [0, 1], and the next window
  /// begins.
  ///
  /// A step of another segment than the one before begins a window of its own.
  public mutating func note(_ step: ParameterVector) -> Double? {
    if let path, path.layout == step.layout {
      for index in distances.indices {
        self.path?.scalars[index] += step.scalars[index]
        distances[index] += abs(step.scalars[index])
      }
      steps += 1
    } else {
      path = step
      distances = step.scalars.map { abs($0) }
      steps = 1
    }
    guard steps >= window, let path else { return nil }
    var (far, all) = (0.0, 0.0)
    for (index, parameter) in path.layout.parameters.enumerated() where parameter.role != .buffer {
      for scalar in path.layout.range(of: index) {
        far += Double(abs(path.scalars[scalar]))
        all += Double(distances[scalar])
      }
    }
    self = EffectiveMovement(window: window)
    return all > 0 ? far / all : 0
  }
}
