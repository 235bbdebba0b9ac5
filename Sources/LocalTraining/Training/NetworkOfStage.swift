package import Neural
package import Tensors

/// A stage's network and the layouts of its segments: blocks 1 to s, then head s.
package struct NetworkOfStage: Sendable {
  /// The network.
  package var network: Network
  /// The segments' layouts, in the order of the wire.
  package var layouts: [ParameterLayout]

  /// The index of the segment called `name`.
  func index(of name: String) -> Int? { layouts.firstIndex { $0.name == name } }
}
