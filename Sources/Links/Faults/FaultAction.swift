/// What a fault does.
public enum FaultAction: Hashable, Sendable {
  /// The targets' connections end; they may reconnect when the duration is over.
  case cut(Disconnect)
  /// Nothing gets to and from the targets, but their connections survive.
  case stall
  /// The targets can't be reached and nobody is told: the fleet is parted, with the broker on the
  /// other side.
  case partition
  /// The targets' processes die, and start anew when the duration is over.
  case kill
  /// The broker's process dies, and starts anew when the duration is over.
  case restartBroker
  /// The targets' rates are multiplied by this.
  case scaleRate(Double)
}
