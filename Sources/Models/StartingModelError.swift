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
    /// The model has no tensor of this name.
    case unknown(String)
    /// A block is missing before others, or there is none at all.
    case noBlock(String)
  }

  /// The model that was asked for.
  public var model: String
  /// What is wrong, tensor by tensor.
  public var problems: [Problem]
}

extension StartingModelError.Problem: CustomStringConvertible {
  /// The tensor and what is wrong with it.
  public var description: String {
    switch self {
    case .missing(let name, let needed): "\(name), \(needed), is missing"
    case .shape(let name, let found, let needed): "\(name) is \(found) and must be \(needed)"
    case .notFinite(let name, let place):
      "\(name) holds a number that isn't finite, at place \(place)"
    case .unknown(let name): "\(name) isn't a tensor of this model"
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
      choose the model and the options that the file was made with, or name tensors as in \
      block1.conv1.weight
      """
  }
}
