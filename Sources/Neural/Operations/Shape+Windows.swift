import Tensors

extension Shape {
  /// The shape `[channels, H', W']` of what a window makes that slides over `[C, H, W]`.
  func sliding(
    _ window: Int, stride: Int, padding: Int, channels: Int, in layer: String
  ) throws(NetworkError) -> Shape {
    guard dimensions.count == 3 else { throw .wrongRank(layer: layer, input: self) }
    let padded = dimensions.dropFirst().map { $0 + 2 * padding }
    guard padded.allSatisfy({ $0 >= window }) else {
      throw .windowDoesNotFit(layer: layer, window: window, input: self)
    }
    return Shape([channels] + padded.map { ($0 - window) / stride + 1 })
  }
}
