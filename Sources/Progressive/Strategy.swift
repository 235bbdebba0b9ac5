/// How the model is trained over the rounds.
public enum Strategy: String, Hashable, Sendable, Codable, CaseIterable {
  /// The model grows in stages (Wang et al., "ProgFed", ICML 2022).
  case progressive
  /// The full model from the first round on: FedAvg (McMahan et al., AISTATS 2017).
  case endToEnd = "end-to-end"
}
