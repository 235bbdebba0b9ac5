/// How far bytes came: what a publisher drops at its high-water mark was offered, never delivered.
public struct DeliveryStatus: OptionSet, Hashable, Sendable {
  /// The bits of the set.
  public let rawValue: UInt8

  /// A set of the given bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Handed to the socket or link by the sender.
  public static let offered = DeliveryStatus(rawValue: 1)
  /// Seen at the other end.
  public static let delivered = DeliveryStatus(rawValue: 2)
  /// Handed over, and known to have arrived.
  public static let both: DeliveryStatus = [.offered, .delivered]
}
