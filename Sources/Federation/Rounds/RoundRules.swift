/// When a round may begin, and when it ends.
public struct RoundRules: Hashable, Sendable {
  /// How many clients are asked to train in each round.
  public var clientsPerRound: Int
  /// A round ends early, after the grace, when this many updates were accepted; nil for all.
  public var quorum: Int?
  /// How long stragglers are waited for once the quorum is reached.
  public var grace: Duration
  /// A round ends at the latest this long after it began.
  public var deadline: Duration
  /// A round doesn't begin with fewer clients present.
  public var minimumClients: Int
  /// The first round doesn't wait longer for all of the fleet to join.
  public var joinTimeout: Duration

  /// Rules of the given parts.
  public init(
    clientsPerRound: Int, quorum: Int? = nil, grace: Duration = .seconds(5),
    deadline: Duration = .seconds(120), minimumClients: Int = 1,
    joinTimeout: Duration = .seconds(30)
  ) {
    self.clientsPerRound = clientsPerRound
    self.quorum = quorum
    self.grace = grace
    self.deadline = deadline
    self.minimumClients = minimumClients
    self.joinTimeout = joinTimeout
  }
}
