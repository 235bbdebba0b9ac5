/// A drawn change of brightness, contrast and saturation, done in place.
struct ColourChange {
  private let factors: (brightness: Float, contrast: Float, saturation: Float)
  private let order: Int
  private let bounds: (lower: Float, upper: Float)

  /// The change that `draw` says; kept in 0 … 1 where `isBounded`.
  init(_ draw: AugmentationDraw, isBounded: Bool) {
    factors = draw.factors
    order = draw.order
    bounds =
      isBounded
      ? (0, 1) : (-.greatestFiniteMagnitude, .greatestFiniteMagnitude)
  }

  /// Changes the image `[C, H, W]` that lies in `image`.
  func apply(to image: UnsafeMutableBufferPointer<Float>, channels: Int) {
    // The six orders of three steps: the first step is order / 2, the other two follow up or down.
    let first = order / 2
    let step = order.isMultiple(of: 2) ? 1 : 2
    for turn in 0..<3 {
      switch (first + turn * step) % 3 {
      case 0: unsafe scale(image)
      case 1: unsafe spread(image, channels: channels)
      default: unsafe saturate(image, channels: channels)
      }
    }
  }

  private func scale(_ image: UnsafeMutableBufferPointer<Float>) {
    guard factors.brightness != 1 else { return }
    // SAFETY: here and below, every index is one of the image's.
    for index in 0..<image.count {
      unsafe image[index] = bounded(image[index] * factors.brightness)
    }
  }

  private func spread(_ image: UnsafeMutableBufferPointer<Float>, channels: Int) {
    guard factors.contrast != 1 else { return }
    let mean: Float
    if channels == 3 {
      let area = image.count / 3
      mean = Self.mean(of: area) { index in
        unsafe Self.luma(image[index], image[index + area], image[index + 2 * area])
      }
    } else {
      mean = Self.mean(of: image.count) { unsafe image[$0] }
    }
    for index in 0..<image.count {
      unsafe image[index] = bounded((image[index] - mean) * factors.contrast + mean)
    }
  }

  private func saturate(_ image: UnsafeMutableBufferPointer<Float>, channels: Int) {
    guard channels == 3, factors.saturation != 1 else { return }
    let area = image.count / 3
    for index in 0..<area {
      let (red, green, blue) = unsafe (
        image[index], image[index + area], image[index + 2 * area]
      )
      let grey = Self.luma(red, green, blue)
      unsafe image[index] = bounded((red - grey) * factors.saturation + grey)
      unsafe image[index + area] = bounded((green - grey) * factors.saturation + grey)
      unsafe image[index + 2 * area] = bounded((blue - grey) * factors.saturation + grey)
    }
  }

  /// The mean of `count` values, summed in eight fixed lanes so that the result is one whatever the
  /// vector width.
  @inline(__always)
  private static func mean(of count: Int, _ value: (Int) -> Float) -> Float {
    var lanes = SIMD8<Float>()
    let whole = count & ~7
    for start in stride(from: 0, to: whole, by: 8) {
      var next = SIMD8<Float>()
      for lane in 0..<8 { next[lane] = value(start + lane) }
      lanes += next
    }
    var sum = lanes.sum()
    for index in whole..<count { sum += value(index) }
    return sum / Float(count)
  }

  /// The luma of a red, green and blue pixel (ITU-R BT.601).
  @inline(__always)
  private static func luma(_ red: Float, _ green: Float, _ blue: Float) -> Float {
    0.299 * red + 0.587 * green + 0.114 * blue
  }

  @inline(__always)
  private func bounded(_ value: Float) -> Float {
    let raised = value < bounds.lower ? bounds.lower : value
    return raised > bounds.upper ? bounds.upper : raised
  }
}

/// Random changes of an image's brightness, contrast and saturation, in random order.
///
/// Each factor is uniform in 1 ± its amount; results of byte images are kept between black and full
/// intensity.
package struct ColourJitter: Hashable, Sendable {
  /// The range by which intensities are scaled, 0 … 1.
  package let brightness: Double
  /// The range by which intensities are spread around the image's mean grey, 0 … 1.
  package let contrast: Double
  /// The range by which colours are spread around their own grey, 0 … 1; only three-channel images
  /// have colours.
  package let saturation: Double

  /// A jitter of the given amounts.
  package init(brightness: Double, contrast: Double, saturation: Double) {
    precondition(
      [brightness, contrast, saturation].allSatisfy { (0...1).contains($0) },
      "a jitter of \(brightness), \(contrast), \(saturation)")
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
  }

  /// The same amount of all three.
  package init(_ amount: Double) {
    self.init(brightness: amount, contrast: amount, saturation: amount)
  }
}
