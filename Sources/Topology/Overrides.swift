package import Codecs
package import Progressive

/// The command line's values in place of a topology's own.
package struct Overrides: Hashable, Sendable, Codable {
  /// `--seed`.
  package var seed: UInt64?
  /// `--rounds`; rounds given for each stage are scaled in proportion, one each at least.
  package var rounds: Int?
  /// `--strategy`.
  package var strategy: Strategy?
  /// `--clients`.
  package var clients: Int?
  /// `--per-round`.
  package var clientsPerRound: Int?
  /// `--up`: the codec of the updates.
  package var up: CodecSpec?
  /// `--down`: the codec of the model.
  package var down: CodecSpec?
  /// `--set`: any other value, each as KEY=VALUE.
  package var settings: [String] = []
  /// `--extend`: more rounds of the last stage, in place of all others; nil for the topology's
  /// rounds.
  package var extended: Extended?

  /// More rounds from the model that a finished run ended with.
  package struct Extended: Hashable, Sendable, Codable {
    /// The number of rounds.
    package var rounds: Int
    /// The run; nil at a worker, which gets the model from the broker.
    package var origin: Origin?

    /// An extension of the given parts.
    package init(rounds: Int, origin: Origin? = nil) {
      self.rounds = rounds
      self.origin = origin
    }
  }

  /// A finished run that another one goes on from.
  package struct Origin: Hashable, Sendable, Codable {
    /// The path of its directory.
    package var run: String
    /// The number of its rounds.
    package var rounds: Int
    /// The digest of its last model, hexadecimal.
    package var modelDigest: String

    /// An origin of the given parts.
    package init(run: String, rounds: Int, modelDigest: String) {
      self.run = run
      self.rounds = rounds
      self.modelDigest = modelDigest
    }
  }

  /// Overrides of the given values.
  package init(
    seed: UInt64? = nil, rounds: Int? = nil, strategy: Strategy? = nil, clients: Int? = nil,
    clientsPerRound: Int? = nil, up: CodecSpec? = nil, down: CodecSpec? = nil,
    settings: [String] = []
  ) {
    self.seed = seed
    self.rounds = rounds
    self.strategy = strategy
    self.clients = clients
    self.clientsPerRound = clientsPerRound
    self.up = up
    self.down = down
    self.settings = settings
  }

  /// These, with the values of `others` where they have any.
  package func overridden(by others: Overrides) -> Overrides {
    var overrides = Overrides(
      seed: others.seed ?? seed, rounds: others.rounds ?? rounds,
      strategy: others.strategy ?? strategy, clients: others.clients ?? clients,
      clientsPerRound: others.clientsPerRound ?? clientsPerRound, up: others.up ?? up,
      down: others.down ?? down, settings: settings + others.settings)
    overrides.extended = others.extended ?? extended
    return overrides
  }
}
