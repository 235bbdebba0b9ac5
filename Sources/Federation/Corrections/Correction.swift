/// What clients add to their gradients so that samples that differ don't pull them apart.
public enum Correction: String, Hashable, Sendable, CaseIterable {
  /// Nothing.
  case none
  /// How the mean of all clients' gradients differs from their own, c − cᵢ (Karimireddy et al., ICML 2020).
  case scaffold
}
