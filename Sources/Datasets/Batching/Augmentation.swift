package import Tensors

/// What is done at random to training images as a batch is filled.
///
/// With segmentation, masks are cropped and mirrored with their images.
package struct Augmentation: Hashable, Sendable {
  /// The rows and columns cut out; nil keeps the image's own.
  package var crop: Extent?
  /// How many rows and columns of black are put around the image before it is cropped.
  package var padding: Int
  /// Whether half of the images are mirrored left to right.
  package var flips: Bool
  /// The change of colours.
  package var jitter: ColourJitter?

  /// The rows and columns of a crop.
  package struct Extent: Hashable, Sendable {
    /// Rows.
    package let height: Int
    /// Columns.
    package let width: Int

    /// An extent of at least one pixel.
    package init(height: Int, width: Int) {
      precondition(height > 0 && width > 0, "a crop of \(height)×\(width)")
      self.height = height
      self.width = width
    }
  }

  /// An augmentation of the given parts, none of them unless named.
  package init(
    crop: Extent? = nil, padding: Int = 0, flips: Bool = false, jitter: ColourJitter? = nil
  ) {
    precondition(padding >= 0, "a padding of \(padding)")
    self.crop = crop
    self.padding = padding
    self.flips = flips
    self.jitter = jitter
  }

  /// Images as they are.
  package static let none = Augmentation()
  /// The paper's for CIFAR-10: a crop of 32×32 out of 40×40, mirrored or not, colours jittered by .4.
  package static let cifar10 = Augmentation(
    crop: Extent(height: 32, width: 32), padding: 4, flips: true, jitter: ColourJitter(0.4))
  /// The paper's for CIFAR-100: a crop of 24×24, mirrored or not, colours jittered by .4.
  package static let cifar100 = Augmentation(
    crop: Extent(height: 24, width: 24), flips: true, jitter: ColourJitter(0.4))

  /// What test images get: the centre of what training images are cropped to, and nothing random.
  package var forEvaluation: Augmentation { Augmentation(crop: crop) }

  /// The shape of an image `[C, H, W]` after the augmentation.
  package func output(of input: Shape) -> Shape {
    guard let crop else { return input }
    return [input.dimensions[0], crop.height, crop.width]
  }

  /// Whether the crop fits into the padded image `[C, H, W]`.
  package func fits(_ input: Shape) -> Bool {
    guard let crop else { return true }
    return crop.height <= input.dimensions[1] + 2 * padding
      && crop.width <= input.dimensions[2] + 2 * padding
  }
}
