/// Images, what is right and what a model says, side by side: a row for each sample.
package struct MaskPicture: Hashable, Sendable {
  /// One sample; all arrays row by row.
  package struct Sample: Hashable, Sendable {
    /// The intensities that are shown, in [0, 1].
    package var image: [Float]
    /// The right class of each pixel.
    package var truth: [Int]
    /// The class that the model gives to each pixel.
    package var guess: [Int]

    /// A sample of as many pixels each.
    package init(image: [Float], truth: [Int], guess: [Int]) {
      precondition(
        image.count == truth.count && image.count == guess.count,
        "\(image.count) pixels, \(truth.count) and \(guess.count) classes")
      self.image = image
      self.truth = truth
      self.guess = guess
    }
  }

  /// The columns of an image.
  package var columns: Int
  /// The samples, from top to bottom.
  package var samples: [Sample]
  /// The pixels of the picture for one of an image, along both axes.
  package var scale = 2

  /// A picture of samples with `columns` columns each.
  package init(columns: Int, samples: [Sample]) {
    precondition(columns > 0 && !samples.isEmpty, "\(samples.count) samples of \(columns) columns")
    self.columns = columns
    self.samples = samples
  }

  /// The classes' colours after the background's, told apart by all eyes (Okabe and Ito, 2008);
  /// repeated.
  private static let colours = [
    Picture.Colour(230, 159, 0), Picture.Colour(86, 180, 233), Picture.Colour(0, 158, 115),
    Picture.Colour(240, 228, 66), Picture.Colour(213, 94, 0), Picture.Colour(204, 121, 167),
  ]

  /// The picture: image, right mask, model's mask; classes are colours over the image.
  package func drawn() -> Picture {
    let rows = samples[0].image.count / columns
    let (tileWidth, tileHeight, gap) = (columns * scale, rows * scale, 4)
    var picture = Picture(
      width: 3 * tileWidth + 2 * gap, height: samples.count * (tileHeight + gap) - gap)
    for (number, sample) in samples.enumerated() {
      let top = number * (tileHeight + gap)
      for row in 0..<tileHeight {
        for column in 0..<tileWidth {
          let pixel = row / scale * columns + column / scale
          let grey = Picture.Colour(grey: sample.image[pixel])
          picture[row: top + row, column: column] = grey
          for (place, mask) in [sample.truth, sample.guess].enumerated() {
            picture[row: top + row, column: (place + 1) * (tileWidth + gap) + column] =
              mask[pixel] > 0
              ? grey.covered(by: Self.colours[(mask[pixel] - 1) % Self.colours.count], 0.7) : grey
          }
        }
      }
    }
    return picture
  }
}
