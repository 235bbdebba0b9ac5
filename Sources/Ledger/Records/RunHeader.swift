/// What is known of a run before its first round.
public struct RunHeader: Hashable, Sendable {
  /// The run's name, from its topology.
  public var name: String
  /// What all randomness was derived from.
  public var seed: UInt64
  /// Which clock rounds are timed by: "virtual" or "real".
  public var clock: String
  /// What carried the messages: "inproc", "ipc" or "tcp".
  public var transport: String
  /// The model and its stages.
  public var model: ModelDescription
  /// How updates become the next model: "fedavg".
  public var strategy: String
  /// How models and updates are encoded.
  public var codecs: CodecNames
  /// How many rounds are to be run; 0 if that is open.
  public var plannedRounds: Int
  /// How content is cut into messages.
  public var framing: ChunkFraming
  /// When the run began, on the wall's clock and in ISO 8601; nil where that isn't told.
  public var start: String?
  /// The clients by kind; empty where nothing is known of them.
  public var groups: [ClientGroup]

  /// A header of the given facts.
  public init(
    name: String, seed: UInt64, clock: String, transport: String, model: ModelDescription,
    strategy: String, codecs: CodecNames, plannedRounds: Int, framing: ChunkFraming,
    start: String? = nil, groups: [ClientGroup] = []
  ) {
    self.name = name
    self.seed = seed
    self.clock = clock
    self.transport = transport
    self.model = model
    self.strategy = strategy
    self.codecs = codecs
    self.plannedRounds = plannedRounds
    self.framing = framing
    self.start = start
    self.groups = groups
  }
}
