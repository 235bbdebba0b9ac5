import Links
import Measures

/// A rate in kbit/s.
func kilobits(_ value: Double) -> Bandwidth { Bandwidth(bitsPerSecond: value * 1000) }

/// A link of a profile with chance from a seed.
func link(_ profile: LinkProfile, seed: UInt64 = 1) -> LinkBox {
  LinkBox(Link(LinkModel(profile), random: RandomStream(seed: seed)))
}

/// A link by reference: expectations can't call mutating methods.
final class LinkBox {
  private var link: Link

  init(_ link: Link) { self.link = link }

  var isConnected: Bool { link.isConnected }

  func send(_ size: ByteCount, at time: Duration) -> Delivery { link.send(size, at: time) }

  func send(
    _ size: ByteCount, firstByteAt first: Duration, lastByteAt last: Duration
  ) -> Delivery {
    link.send(size, firstByteAt: first, lastByteAt: last)
  }

  func forward(_ transit: Transit) -> Delivery { link.forward(transit) }

  /// Sends what the link is expected to carry.
  func carry(_ bytes: Int, at time: Duration) -> Transit? {
    link.send(ByteCount(bytes), at: time).transit
  }

  func waiting(at time: Duration) -> ByteCount { link.waiting(at: time) }
  func cut(_ disconnect: Disconnect, at time: Duration) { link.cut(disconnect, at: time) }
  func restore() { link.restore() }
  func reconnect(at time: Duration) -> Bool { link.reconnect(at: time) }
  func stall(at time: Duration, until end: Duration) { link.stall(at: time, until: end) }
  func scaleRate(by factor: Double, at time: Duration) { link.scaleRate(by: factor, at: time) }
  func confirm(_ transit: Transit) -> Confirmation { link.confirm(transit) }
}

extension Duration {
  /// True if the duration is within `share` of another.
  func isWithin(_ share: Double, of other: Duration) -> Bool {
    (seconds - other.seconds).magnitude <= share * other.seconds.magnitude
  }
}
