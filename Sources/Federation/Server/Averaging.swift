/// How clients that made different numbers of local steps count in the mean of their updates.
public enum Averaging: String, Hashable, Sendable, CaseIterable {
  /// Updates as they are: who made more steps moves the model more (FedAvg).
  case mean
  /// Updates for each step of theirs, times their mean number of steps (FedNova; Wang et al.,
  /// NeurIPS 2020).
  case fednova
}
