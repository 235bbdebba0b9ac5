/// The ordered parameters of one block or head; the order is that of the wire.
public struct ParameterLayout: Hashable, Sendable {
  /// The block's or head's name: "block1", "head1".
  public let name: String
  /// The parameters, in the order in which their scalars lie one after the other.
  public let parameters: [Parameter]
  /// Where each parameter's scalars begin.
  public let offsets: [Int]
  /// How many scalars there are in all.
  public let count: Int

  /// A layout of `parameters` one after the other, without gaps.
  public init(name: String, parameters: [Parameter]) {
    self.name = name
    self.parameters = parameters
    var offsets: [Int] = []
    var next = 0
    for parameter in parameters {
      offsets.append(next)
      next += parameter.shape.count
    }
    self.offsets = offsets
    count = next
  }

  /// Where the scalars of parameter `index` lie.
  public func range(of index: Int) -> Range<Int> {
    offsets[index]..<offsets[index] + parameters[index].shape.count
  }
}
