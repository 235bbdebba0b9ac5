import OneDNN
import Tensors

extension ConvolutionOperation {
  /// What `describe` makes of Winograd's algorithm, where that pays and the processor has it.
  ///
  /// The choice depends on the shapes and the processor alone, never on a clock, so that a run can be
  /// repeated bit for bit.
  func winograd(
    batch: Int, _ describe: (Convolution) throws(DNNLError) -> PrimitiveDescriptor
  ) -> PrimitiveDescriptor? {
    guard layer.window == 3, layer.stride == 1, layer.padding <= 1, isTiledWell(batch: batch)
    else { return nil }
    var winograd = pass
    winograd.algorithm = .winograd
    return try? describe(winograd)
  }

  /// Whether the products in tiles of 4×4 outputs cost less than those of all outputs.
  ///
  /// A pass costs products, 36 for a tile and two channels against 9 for an output, and the transforms:
  /// 40 % more for those of the tiles, and for that of the weights as much as 29 tiles' products. Direct
  /// convolutions leave out part of the padding. The factors fit times measured with 64 to 512 channels
  /// on images of 3×3 to 32×32.
  private func isTiledWell(batch: Int) -> Bool {
    let (rows, columns) = (output.dimensions[1], output.dimensions[2])
    let tiles = batch * ((rows + 3) / 4) * ((columns + 3) / 4)
    let direct = 0.85 * Double(9 * batch * rows * columns)
    return direct > 36 * (1.4 * Double(tiles) + 29)
  }
}
