/// Clients of one kind: how many, and behind what link.
public struct ClientGroup: Hashable, Sendable, Codable {
  /// What the group is called: "phones".
  public var name: String
  /// How many clients belong to it.
  public var clients: Int
  /// The link in words, such as "3g, 1.6 Mbit/s down, 768 kbit/s up"; nil for the plain network.
  public var link: String?

  /// A group of so many clients.
  public init(name: String, clients: Int, link: String? = nil) {
    self.name = name
    self.clients = clients
    self.link = link
  }
}
