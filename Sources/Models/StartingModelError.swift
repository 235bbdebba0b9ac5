public import Tensors

/// Everything that keeps a run from starting with a file's tensors.
public struct StartingModelError: Error, Hashable, Sendable {
  /// One thing that is wrong.
  public enum Problem: Hashable, Sendable {
    /// A tensor isn't there, though others of its block or head are.
    case missing(String, needed: Shape)
    /// A tensor isn't of the model's shape.
    case shape(String, found: Shape, needed: Shape)
    /// A tensor has a number that is infinite or not a number, at a place in row-major order.
    case notFinite(String, place: Int)
    /// A tensor's scalars are of a type that isn't read, or there are none.
    case type(String, found: SafeTensors.UnreadTensor, needed: Shape)
    /// The model has no tensor of this name.
    case unknown(String, found: SafeTensors.UnreadTensor)
    /// A block is missing before others, or there is none at all.
    case noBlock(String)
  }

  /// The model that was asked for.
  public var model: String
  /// The faults, tensor by tensor.
  public var problems: [Problem]

  /// An error of the given problems.
  public init(model: String, problems: [Problem]) {
    self.model = model
    self.problems = problems
  }
}

extension SafeTensors.UnreadTensor {
  /// Type and shape in words.
  fileprivate var description: String {
    let extents = shape.map(String.init).joined(separator: "×")
    return shape.isEmpty ? "a single \(type)" : "\(extents) of \(type)"
  }
}

extension StartingModelError.Problem: CustomStringConvertible {
  /// The tensor and what is wrong with it.
  public var description: String {
    switch self {
    case .missing(let name, let needed): "\(name), \(needed), is missing"
    case .shape(let name, let found, let needed): "\(name) is \(found) and must be \(needed)"
    case .notFinite(let name, let place):
      "\(name) holds a number that isn't finite, at place \(place)"
    case .type(let name, let found, let needed):
      found.shape.contains(0)
        ? "\(name), \(found.description), is empty and must be \(needed)"
        : "\(name), \(found.description), must be \(needed) of F32, F16 or BF16; in PyTorch, .float() makes it so"
    case .unknown(let name, let found):
      "\(name), \(found.description), isn't a tensor of this model"
    case .noBlock(let name): "\(name) is missing; a file holds the first blocks without a gap"
    }
  }
}

extension StartingModelError: CustomStringConvertible {
  /// All problems, no more than twenty, and what to do.
  public var description: String {
    let shown = 20
    var lines = problems.prefix(shown).map { "  \($0)" }
    if problems.count > shown { lines.append("  and \(problems.count - shown) more") }
    return """
      the tensors don't fit model \(model):
      \(lines.joined(separator: "\n"))
      choose the model and the options that the file was made with, name tensors as in \
      block1.conv1.weight, and leave out what isn't the model's
      """
  }
}
