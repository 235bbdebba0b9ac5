/// How far bytes came: what a publisher drops at its high-water mark was offered, never delivered.
public struct Standing: OptionSet, Hashable, Sendable {
  /// The bits of the set.
  public let rawValue: UInt8

  /// A set of the given bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Handed to the socket or link by the sender.
  public static let offered = Standing(rawValue: 1)
  /// Seen at the other end.
  public static let delivered = Standing(rawValue: 2)
  /// Handed over, and known to have arrived.
  public static let both: Standing = [.offered, .delivered]
}
