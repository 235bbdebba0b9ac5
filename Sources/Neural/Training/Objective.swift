/// What a network is trained for: what a sample's labels are and how its loss is computed.
public enum Objective: Hashable, Sendable {
  /// A class for each sample, by the cross-entropy of the softmax over C scalars.
  case classes
  /// A class for each pixel, by a loss over a mask of logits `[C, H, W]`.
  case pixels(PixelLoss)
}

/// The loss of one sample's mask; class 0 is the background.
public enum PixelLoss: String, Hashable, Sendable, CaseIterable {
  /// The mean over the pixels of the cross-entropy of the softmax over classes.
  case crossEntropy = "cross-entropy"
  /// 1 minus the mean over the foreground classes of the soft Dice coefficient.
  ///
  /// The coefficient of class c is (2 Σ p y + 1) / (Σ p + Σ y + 1), summed over the sample's pixels; p is the
  /// softmax of the logits and y is 1 where c is right, else 0 (Milletari et al., 2016, without squares).
  case dice
  /// The sum of both.
  case crossEntropyAndDice = "cross-entropy+dice"

  /// What the two losses are multiplied with.
  var weights: (crossEntropy: Double, dice: Double) {
    switch self {
    case .crossEntropy: (1, 0)
    case .dice: (0, 1)
    case .crossEntropyAndDice: (1, 1)
    }
  }
}
