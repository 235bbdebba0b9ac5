import Measures
package import Tensors

/// The random changes to training images as a batch is filled.
///
/// With segmentation, masks are cropped and mirrored with their images.
package struct Augmentation: Hashable, Sendable {
  /// The rows and columns cut out; nil keeps the image's own.
  package var crop: Extent?
  /// The number of black rows and columns put around the image before it is cropped.
  package var padding: Int
  /// True if half of the images are mirrored left to right.
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
  /// The paper's for CIFAR-10: a crop of 32×32 out of 40×40, mirrored or not, colours jittered by
  /// .4.
  package static let cifar10 = Augmentation(
    crop: Extent(height: 32, width: 32), padding: 4, flips: true, jitter: ColourJitter(0.4))
  /// The paper's for CIFAR-100: a crop of 24×24, mirrored or not, colours jittered by .4.
  package static let cifar100 = Augmentation(
    crop: Extent(height: 24, width: 24), flips: true, jitter: ColourJitter(0.4))

  /// The treatment of test images: the same crop from the centre, and nothing random.
  package var forEvaluation: Augmentation { Augmentation(crop: crop) }

  /// The shape of an image `[C, H, W]` after the augmentation.
  package func output(of input: Shape) -> Shape {
    guard let crop else { return input }
    return [input.dimensions[0], crop.height, crop.width]
  }

  /// True if the crop fits into the padded image `[C, H, W]`.
  package func fits(_ input: Shape) -> Bool {
    guard let crop else { return true }
    return crop.height <= input.dimensions[1] + 2 * padding
      && crop.width <= input.dimensions[2] + 2 * padding
  }
}

/// One sample's augmentation, drawn: a pure function of the stream and of how many samples came
/// before.
struct AugmentationDraw {
  /// The source row that output row 0 shows; negative where it begins in the padding.
  var top: Int
  /// The source column of the output's leftmost source column; negative in the padding.
  var left: Int
  /// True if columns run from right to left.
  var isFlipped = false
  /// The jitter's factors: brightness, contrast, saturation.
  var factors: (Float, Float, Float) = (1, 1, 1)
  /// The order of the three changes of colour, one of six.
  var order = 0

  /// The centre of an image of `height` × `width`, for an output of `rows` × `columns`.
  init(centreOf height: Int, _ width: Int, rows: Int, columns: Int) {
    top = (height - rows) / 2
    left = (width - columns) / 2
  }

  /// The draw for sample number `serial` of `stream`.
  init(
    _ augmentation: Augmentation, height: Int, width: Int, rows: Int, columns: Int,
    stream: RandomStream, serial: Int
  ) {
    var stream = stream
    // Eight values per sample, always, so that no setting shifts another's draws.
    stream.counter = UInt64(serial) &* 8
    let padding = augmentation.padding
    func offset(_ room: Int, _ uniform: Double) -> Int {
      min(Int(uniform * Double(room + 1)), room) - padding
    }
    top = offset(height + 2 * padding - rows, stream.uniform())
    left = offset(width + 2 * padding - columns, stream.uniform())
    let side = stream.uniform()
    isFlipped = augmentation.flips && side < 0.5
    guard let jitter = augmentation.jitter else { return }
    func factor(_ amount: Double, _ uniform: Double) -> Float {
      Float(1 + amount * (2 * uniform - 1))
    }
    factors = (
      factor(jitter.brightness, stream.uniform()), factor(jitter.contrast, stream.uniform()),
      factor(jitter.saturation, stream.uniform())
    )
    order = Int(stream.uniform() * 6)
  }
}
