public import Measures

/// The facts of a run that are known before its first round.
public struct RunHeader: Hashable, Sendable {
  /// The run's name, from its topology.
  public var name: String
  /// The seed that all randomness was derived from.
  public var seed: UInt64
  /// The clock by which rounds are timed: "virtual" or "real".
  public var clock: String
  /// The transport that carried the messages: "inproc", "ipc" or "tcp".
  public var transport: String
  /// The model and its stages.
  public var model: ModelDescription
  /// The strategy that makes the next model of updates: "fedavg".
  public var strategy: String
  /// The codecs of models and updates.
  public var codecs: CodecNames
  /// The number of rounds to be run; 0 if that is open.
  public var plannedRounds: Int
  /// The cut of content into messages.
  public var framing: ChunkFraming
  /// The run's beginning, on the wall's clock and in ISO 8601; nil where that isn't told.
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
  /// The number of its rounds.
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
  /// The codec of the model on its way down: "dense32".
  public var down: String
  /// The codec of updates on their way up: "linear8+random25".
  public var up: String

  /// The codecs of the two directions.
  public init(down: String, up: String) {
    self.down = down
    self.up = up
  }
}

/// Clients of one kind: how many, and behind what link.
public struct ClientGroup: Hashable, Sendable, Codable {
  /// The group's name: "phones".
  public var name: String
  /// The number of its clients.
  public var clients: Int
  /// The link in words, such as "3g, 1.6 Mbit/s down, 768 kbit/s up"; nil for the plain network.
  public var link: String?
  /// The accepted updates by the stage that was trained, the first one's at 0; nil where all were
  /// of their rounds' stages.
  public var updates: [Int]?

  /// A group of so many clients.
  public init(name: String, clients: Int, link: String? = nil, updates: [Int]? = nil) {
    self.name = name
    self.clients = clients
    self.link = link
    self.updates = updates
  }
}

/// The cut of content into messages, and the bytes that each of them adds on the wire.
public struct ChunkFraming: Hashable, Sendable {
  /// The most content of one message.
  public var size: ByteCount
  /// The bytes that a message adds to its content: topic, envelope and ZMTP framing.
  public var overhead: ByteCount

  /// Chunks of `size`, each `overhead` larger on the wire.
  public init(size: ByteCount = ByteCount(262_144), overhead: ByteCount) {
    precondition(size > .zero && overhead >= .zero, "chunks of \(size) plus \(overhead)")
    self.size = size
    self.overhead = overhead
  }

  /// The size on the wire of `payload` bytes of content.
  public func wire(of payload: ByteCount) -> ByteCount {
    let chunks = payload.bytes / size.bytes + (payload.bytes % size.bytes > 0 ? 1 : 0)
    return ByteCount(payload.bytes + chunks * overhead.bytes)
  }
}
