import Foundation
import Measures

/// What one site's scanner does to intensities: a power law, a gain, an offset, a bias across the image, and noise.
struct SiteDistortion {
  private let exponent: Float
  private let gain: Float
  private let offset: Float
  private let slopes: (down: Float, across: Float)
  private let noise: Float
  private let stream: RandomStream

  /// The distortion of site `site`, drawn from `stream`.
  init(site: Int, stream: RandomStream) {
    var draw = stream.stream("site", site)
    func between(_ lower: Double, _ upper: Double) -> Float {
      Float(lower + (upper - lower) * draw.uniform())
    }
    exponent = exp(between(-0.4, 0.4))
    gain = between(0.6, 1)
    offset = between(0, 0.1)
    slopes = (between(-0.25, 0.25), between(-0.25, 0.25))
    noise = between(0, 0.04)
    self.stream = stream.stream("noise", site)
  }

  /// The bytes of slice number `serial`, `image` holding intensities from 0 to 1.
  func distort(_ image: [Float], rows: Int, columns: Int, serial: Int) -> [UInt8] {
    var draw = stream.stream("slice", serial)
    return image.indices.map { index in
      let y = Float(index / columns) / Float(rows) - 0.5
      let x = Float(index % columns) / Float(columns) - 0.5
      let bias = 1 + slopes.down * y + slopes.across * x
      let level = gain * bias * pow(image[index], exponent) + offset
      let noisy = level + noise * Float(draw.normal())
      return UInt8(max(0, min(255, (255 * noisy).rounded())))
    }
  }
}
