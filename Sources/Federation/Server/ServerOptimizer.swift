public import Tensors

/// The server's optimizer: makes steps of the model out of mean updates, and remembers what its
/// rule needs.
///
/// The memory is kept for each segment, so that it grows with the model: a block that is new has
/// none. It is forgotten when a stage begins (PROGFED's server optimizer is reset then). Buffers
/// such as running statistics aren't directions of descent: their mean change is applied as it is.
public struct ServerOptimizer: Hashable, Sendable {
  /// The memory of one segment, scalar by scalar.
  public struct Memory: Hashable, Sendable {
    /// The mean direction, m.
    public var direction: ParameterVector
    /// The mean square, v; empty for rules without it.
    public var squares: [Float]

    /// A memory of the given parts.
    public init(direction: ParameterVector, squares: [Float]) {
      self.direction = direction
      self.squares = squares
    }
  }

  /// The rule that turns mean updates into steps.
  public let rule: ServerRule
  /// The memory, by the segment's name.
  public private(set) var memory: [String: Memory]
  /// The stage that it remembers, from 1; 0 before the first.
  public private(set) var stage: Int

  /// An optimizer that remembers nothing yet, or what a checkpoint kept.
  public init(_ rule: ServerRule, stage: Int = 0, memory: [String: Memory] = [:]) {
    self.rule = rule
    self.stage = stage
    self.memory = memory
  }

  /// Makes the steps to come those of `stage`; everything is forgotten if it is a new one.
  public mutating func enter(stage: Int) {
    guard stage != self.stage else { return }
    self.stage = stage
    memory = [:]
  }

  /// Gives the step to add to a segment of the model, and remembers its clients' mean update.
  public mutating func step(_ update: ParameterVector) -> ParameterVector {
    var step = update
    switch rule {
    case .average(let rate, let momentum):
      guard rate != 1 || momentum != 0 else { return update }
      var memory = memory(of: update, epsilon: nil)
      forEachTrained(update.layout) { index in
        let direction = Float(momentum) * memory.direction.scalars[index] + update.scalars[index]
        memory.direction.scalars[index] = direction
        step.scalars[index] = Float(rate) * direction
      }
      keep(memory)
    case .adaptive(let rule):
      var memory = memory(of: update, epsilon: rule.epsilon)
      let (kept, epsilon) = (Float(rule.momentum), Float(rule.epsilon))
      forEachTrained(update.layout) { index in
        let change = update.scalars[index]
        let direction = kept * memory.direction.scalars[index] + (1 - kept) * change
        let square = Self.square(memory.squares[index], change * change, rule)
        memory.direction.scalars[index] = direction
        memory.squares[index] = square
        step.scalars[index] = Float(rule.rate) * direction / (square.squareRoot() + epsilon)
      }
      keep(memory)
    }
    return step
  }

  private static func square(_ old: Float, _ new: Float, _ rule: AdaptiveRule) -> Float {
    let fresh = 1 - Float(rule.beta2)
    return switch rule.kind {
    case .adagrad: old + new
    case .adam: Float(rule.beta2) * old + fresh * new
    case .yogi: old == new ? old : old - fresh * new * (old > new ? 1 : -1)
    }
  }

  /// The memory of the update's segment; a new one if the segment changed its layout.
  private func memory(of update: ParameterVector, epsilon: Double?) -> Memory {
    if let known = memory[update.layout.name], known.direction.layout == update.layout {
      return known
    }
    let count = update.layout.count
    return Memory(
      direction: ParameterVector(
        layout: update.layout, scalars: Array(repeating: 0, count: count)),
      squares: epsilon.map { Array(repeating: Float($0 * $0), count: count) } ?? [])
  }

  private mutating func keep(_ new: Memory) {
    guard rule.hasMemory else { return }
    memory[new.direction.layout.name] = new
  }

  private func forEachTrained(_ layout: ParameterLayout, _ body: (Int) -> Void) {
    for (index, parameter) in layout.parameters.enumerated() where parameter.role != .buffer {
      for scalar in layout.range(of: index) { body(scalar) }
    }
  }
}
