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
  /// The run whose last model this one began with; nil for none.
  public var extends: ExtendedRun?

  /// A header of the given facts.
  public init(
    name: String, seed: UInt64, clock: String, transport: String, model: ModelDescription,
    strategy: String, codecs: CodecNames, plannedRounds: Int, framing: ChunkFraming,
    start: String? = nil, groups: [ClientGroup] = [], extends: ExtendedRun? = nil
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
    self.extends = extends
  }
}

/// A finished run that another one goes on from.
public struct ExtendedRun: Hashable, Sendable, Codable {
  /// The path of its directory.
  public var run: String
  /// How many rounds it had.
  public var rounds: Int
  /// The digest of its last model, hexadecimal.
  public var modelDigest: String

  /// A run of the given facts.
  public init(run: String, rounds: Int, modelDigest: String) {
    self.run = run
    self.rounds = rounds
    self.modelDigest = modelDigest
  }
}
