import Datasets
import Foundation
import Models
import Tensors

/// The normalization that a model's file tells beside its tensors, where it was made of clients'
/// sums: samples that the model sees are normalized by it, whoever has them.
package enum ModelNormalization {
  /// The name of the means, a list as JSON writes it.
  package static let meansKey = "means"
  /// The name of the deviations.
  package static let deviationsKey = "deviations"
}

extension StartingModel {
  /// The normalization that the file tells for samples of `channels` channels; nil where it tells
  /// none.
  private func normalization(channels: Int) -> Normalization? {
    func numbers(_ key: String) -> [Float]? {
      guard let text = metadata[key] else { return nil }
      let found = try? JSONDecoder().decode([Float].self, from: Data(text.utf8))
      guard let found, found.count == channels, found.allSatisfy(\.isFinite) else { return nil }
      return found
    }
    guard let means = numbers(ModelNormalization.meansKey),
      let deviations = numbers(ModelNormalization.deviationsKey),
      deviations.allSatisfy({ $0 > 0 })
    else { return nil }
    return Normalization(means: means, deviations: deviations)
  }

  /// The samples normalized as the file tells, or as they are where it tells nothing.
  func normalized(_ samples: Dataset) -> Dataset {
    normalization(channels: samples.input.dimensions[0]).map(samples.normalized) ?? samples
  }
}
