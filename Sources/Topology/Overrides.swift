package import Progressive

/// What the command line says in place of a topology's own values.
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
  package var up: String?
  /// `--down`: the codec of the model.
  package var down: String?
  /// `--set`: any other value, each as KEY=VALUE.
  package var settings: [String] = []

  /// Overrides of the given values.
  package init(
    seed: UInt64? = nil, rounds: Int? = nil, strategy: Strategy? = nil, clients: Int? = nil,
    clientsPerRound: Int? = nil, up: String? = nil, down: String? = nil, settings: [String] = []
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
    Overrides(
      seed: others.seed ?? seed, rounds: others.rounds ?? rounds,
      strategy: others.strategy ?? strategy, clients: others.clients ?? clients,
      clientsPerRound: others.clientsPerRound ?? clientsPerRound, up: others.up ?? up,
      down: others.down ?? down, settings: settings + others.settings)
  }
}
