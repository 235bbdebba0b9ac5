package import ZMTP

extension SubscriptionNotice {
  /// Reads a notice: one frame of 1 or 0 and the topic; nil for anything else, which a peer's XSUB may send.
  package init?(_ message: Message) {
    guard message.frameCount == 1 else { return nil }
    let bytes = message.bytes(of: 0)
    guard let flag = bytes.first, flag <= 1 else { return nil }
    self.init(topic: Array(bytes.dropFirst()), isSubscription: flag == 1)
  }
}
