import Tensors

/// The sums over samples that means and deviations of channels come from.
///
/// Sums of several sets add up to those of all, so that no one needs to see all samples.
package struct ChannelSums: Hashable, Sendable {
  /// The number of intensities of each channel.
  package private(set) var count: Int
  /// The sum of each channel's intensities, bytes from 0 to 1.
  package private(set) var sums: [Double]
  /// The sum of each channel's squared intensities.
  package private(set) var squares: [Double]

  /// Sums that were added up elsewhere, of as many channels as there are numbers.
  package init(count: Int, sums: [Double], squares: [Double]) {
    precondition(
      sums.count == squares.count, "\(sums.count) sums and \(squares.count) of squares")
    (self.count, self.sums, self.squares) = (count, sums, squares)
  }

  /// The sums over all samples of `dataset`.
  package init(_ dataset: Dataset) { self.init(dataset, 0..<dataset.count) }

  /// The sums over the samples of `dataset` at some places, in this order.
  package init(_ dataset: Dataset, _ places: some Sequence<Int>) {
    let channels = dataset.input.dimensions[0]
    let area = dataset.input.count / channels
    (count, sums, squares) = (
      0, Array(repeating: 0, count: channels), Array(repeating: 0, count: channels)
    )
    switch dataset.pixels {
    case .bytes(let values):
      // Whole numbers add up without rounding.
      var (whole, wholeSquares) = (
        Array(repeating: 0, count: channels), Array(repeating: 0, count: channels)
      )
      for place in places {
        count += area
        for channel in 0..<channels {
          let start = (place * channels + channel) * area
          for value in values[start..<start + area] {
            whole[channel] += Int(value)
            wholeSquares[channel] += Int(value) * Int(value)
          }
        }
      }
      sums = whole.map { Double($0) / 255 }
      squares = wholeSquares.map { Double($0) / (255 * 255) }
    case .floats(let values):
      for place in places {
        count += area
        for channel in 0..<channels {
          let start = (place * channels + channel) * area
          for value in values[start..<start + area] {
            sums[channel] += Double(value)
            squares[channel] += Double(value) * Double(value)
          }
        }
      }
    }
  }

  /// The sums over both sets, of equal channels.
  package static func + (first: Self, second: Self) -> Self {
    precondition(
      first.sums.count == second.sums.count,
      "\(first.sums.count) and \(second.sums.count) channels")
    var both = first
    both.count += second.count
    for channel in both.sums.indices {
      both.sums[channel] += second.sums[channel]
      both.squares[channel] += second.squares[channel]
    }
    return both
  }

  /// The mean and deviation of each channel; nil without any intensity.
  ///
  /// A channel of one value alone keeps a deviation of 1.
  package var normalization: Normalization? {
    guard count > 0 else { return nil }
    let means = sums.map { $0 / Double(count) }
    let deviations = zip(squares, means).map { square, mean in
      let deviation = Float(max(0, square / Double(count) - mean * mean).squareRoot())
      return deviation > 1e-6 * max(1, Float(abs(mean))) ? deviation : 1
    }
    return Normalization(means: means.map { Float($0) }, deviations: deviations)
  }
}

extension Dataset {
  /// The same samples with another normalization.
  package func normalized(by normalization: Normalization) -> Dataset {
    Dataset(
      name: name, input: input, classes: classes, normalization: normalization, pixels: pixels,
      labels: labels, labelsPerSample: labelsPerSample, users: users, userNames: userNames,
      regions: regions)
  }
}
