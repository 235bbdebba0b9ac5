/// A link's profile of both directions made ready: one for all clients with the same profile.
public struct DuplexModel: Sendable {
  /// From the broker to the client.
  public let down: LinkModel
  /// From the client to the broker.
  public let up: LinkModel

  /// Readies `profile`, whose `problems` must be empty.
  public init(_ profile: DuplexProfile) {
    down = LinkModel(profile.down)
    up = LinkModel(profile.up)
  }
}
