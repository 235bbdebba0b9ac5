import Digests

extension FinalSummary: Codable {
  private enum CodingKeys: String, CodingKey {
    case accuracy, loss, dice, modelDigest
  }

  /// Reads "final".
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    accuracy = try container.decodeIfPresent(Double.self, forKey: .accuracy)
    loss = try container.decodeIfPresent(Double.self, forKey: .loss)
    dice = try container.decodeIfPresent(Double.self, forKey: .dice)
    modelDigest = try container.decodeIfPresent(String.self, forKey: .modelDigest)
      .flatMap(Digest.init(hex:))
  }

  /// Writes "final"; "dice" only where there is one.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(accuracy.finite, forKey: .accuracy)
    try container.encode(loss.finite, forKey: .loss)
    try container.encodeIfPresent(dice.finite, forKey: .dice)
    try container.encode(modelDigest?.hex, forKey: .modelDigest)
  }
}
