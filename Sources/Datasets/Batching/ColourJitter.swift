/// Random changes of an image's brightness, contrast and saturation, in random order.
///
/// Each factor is uniform in 1 ± its amount; results of byte images are kept between black and full intensity.
package struct ColourJitter: Hashable, Sendable {
  /// How far intensities are scaled, 0 … 1.
  package let brightness: Double
  /// How far intensities are spread around the image's mean grey, 0 … 1.
  package let contrast: Double
  /// How far colours are spread around their own grey, 0 … 1; only three-channel images have colours.
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
