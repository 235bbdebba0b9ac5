public import Measures

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

/// The codecs of a run, as topologies spell them.
public struct CodecNames: Hashable, Sendable, Codable {
  /// How the model goes down: "dense32".
  public var down: String
  /// How updates go up: "linear8+random25".
  public var up: String

  /// The codecs of the two directions.
  public init(down: String, up: String) {
    self.down = down
    self.up = up
  }
}

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

/// How content is cut into messages, and what each of them adds on the wire.
public struct ChunkFraming: Hashable, Sendable {
  /// The most content of one message.
  public var size: ByteCount
  /// What a message adds to its content: topic, envelope and ZMTP framing.
  public var overhead: ByteCount

  /// Chunks of `size`, each `overhead` larger on the wire.
  public init(size: ByteCount = ByteCount(262_144), overhead: ByteCount) {
    precondition(size > .zero && overhead >= .zero, "chunks of \(size) plus \(overhead)")
    self.size = size
    self.overhead = overhead
  }

  /// What `payload` bytes of content are on the wire.
  public func wire(of payload: ByteCount) -> ByteCount {
    let chunks = payload.bytes / size.bytes + (payload.bytes % size.bytes > 0 ? 1 : 0)
    return ByteCount(payload.bytes + chunks * overhead.bytes)
  }
}
