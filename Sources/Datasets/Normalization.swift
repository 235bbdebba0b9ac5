/// The map from raw intensities to a network's inputs, (x − mean) / deviation per channel.
///
/// Intensities of byte images count from 0 to 1, as PyTorch's `ToTensor` makes them; those of
/// floating-point images are taken as they are stored.
package struct Normalization: Hashable, Sendable {
  /// The numbers subtracted, one per channel.
  package let means: [Float]
  /// The divisors of the differences, one positive number per channel.
  package let deviations: [Float]

  /// A normalization with one mean and one standard deviation per channel.
  package init(means: [Float], deviations: [Float]) {
    precondition(
      means.count == deviations.count,
      "\(means.count) means don't go with \(deviations.count) deviations")
    precondition(deviations.allSatisfy { $0 > 0 }, "a deviation in \(deviations) isn't positive")
    self.means = means
    self.deviations = deviations
  }

  /// Leaves the intensities of `channels` channels as they are.
  package static func none(channels: Int) -> Normalization {
    Normalization(
      means: Array(repeating: 0, count: channels), deviations: Array(repeating: 1, count: channels))
  }
}

extension Normalization {
  /// Fashion-MNIST's training images.
  package static let fashionMNIST = Normalization(means: [0.2860], deviations: [0.3530])
  /// MNIST's training images; customary for EMNIST too.
  package static let mnist = Normalization(means: [0.1307], deviations: [0.3081])
  /// CIFAR-10's training images, red, green, blue; customary for CIFAR-100 too.
  package static let cifar = Normalization(
    means: [0.4914, 0.4822, 0.4465], deviations: [0.2023, 0.1994, 0.2010])
}

extension Normalization {
  /// FEMNIST by LEAF, black on white.
  package static let leafFEMNIST = Normalization(means: [0.9637], deviations: [0.1597])
  /// The slices of the ICBM 152 average brain.
  package static let icbm152 = Normalization(means: [0.2033], deviations: [0.2505])
}
