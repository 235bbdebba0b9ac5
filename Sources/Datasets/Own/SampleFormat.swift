package import Tensors

/// A description of samples that the program doesn't know, as a topology gives it to every client:
/// their looks, never their place.
///
/// What is nil is taken from the data when it is read, which works where it lies in one place
/// alone.
package struct SampleFormat: Hashable, Sendable {
  /// The meaning of labels, named in the order in which a network counts them.
  package enum Labels: Hashable, Sendable {
    /// One label per sample, by the classes' names.
    case classes([String])
    /// One label per pixel, by the names; the first is the background.
    case pixels([String])

    /// The names, in order.
    package var names: [String] {
      switch self {
      case .classes(let names), .pixels(let names): names
      }
    }

    /// True if each pixel has a label of its own.
    package var isSegmentation: Bool {
      switch self {
      case .classes: false
      case .pixels: true
      }
    }
  }

  /// The treatment of a picture whose rows and columns aren't the input's.
  package enum Fit: String, CaseIterable, Hashable, Sendable {
    /// The picture is refused by name.
    case refuse
    /// The picture is shrunk by averaging areas, or enlarged between pixels.
    case resize
  }

  /// The origin of means and deviations.
  package enum Scaling: Hashable, Sendable {
    /// Intensities stay as they are, bytes from 0 to 1.
    case none
    /// One mean and one deviation per channel.
    case given(Normalization)
    /// Means and deviations come from the sums of all clients; intensities stay until then.
    case federated
  }

  /// The shape of a sample: `[C, H, W]`, or `[n]` for a row of a table; nil takes the first
  /// sample's.
  package var input: Shape?
  /// The names of classes or of segmentation labels; nil takes the names of folders, or the labels
  /// that occur.
  package var labels: Labels?
  /// The treatment of pictures of another size.
  package var fit: Fit
  /// The origin of means and deviations.
  package var normalization: Scaling
  /// The heading of a table's column of labels; nil looks for "label", "class", "target" or "y".
  package var labelColumn: String?
  /// The slicing of volumes; its rows and columns give way to the input's.
  package var slices: SliceGeometry

  /// A format in which nothing is said yet.
  package init(
    input: Shape? = nil, labels: Labels? = nil, fit: Fit = .refuse, normalization: Scaling = .none,
    labelColumn: String? = nil, slices: SliceGeometry = .brats
  ) {
    self.input = input
    self.labels = labels
    self.fit = fit
    self.normalization = normalization
    self.labelColumn = labelColumn
    self.slices = slices
  }
}

extension SampleFormat {
  /// The shape in which samples are kept and a network sees them, `[C, H, W]`.
  ///
  /// A table's column is a channel of one pixel, so that each has a mean and a deviation of its
  /// own.
  package var imageShape: Shape? {
    input.map { $0.dimensions.count == 1 ? [$0.count, 1, 1] : $0 }
  }

  /// Refuses means and deviations of another number of channels.
  func checkScaling(channels: Int, path: String) throws(DatasetError) {
    guard case .given(let given) = normalization, given.means.count != channels else { return }
    throw .malformed(
      path: path, at: "normalization",
      reason: "\(given.means.count) means for samples of \(channels) channels",
      remedy: "give data.normalization a mean and a deviation for each channel")
  }

  /// The normalization of a batch, for samples of `channels` channels, before any sums of clients
  /// are known.
  func normalization(channels: Int) -> Normalization {
    switch normalization {
    case .given(let given): given
    case .none, .federated: .none(channels: channels)
    }
  }
}
