import ArgumentParser

/// Makes the key pairs by which a broker and its workers know each other.
struct Keys: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make the key pairs of a broker and its workers.",
    discussion: """
      Each side keeps its .secret file to itself (mode 0600) and gives the .public one away. Workers need the \
      broker's public key, the broker an allow-list with the workers' public keys and the clients that each \
      may play. Existing keys are never overwritten.
      """,
    subcommands: [BrokerKeys.self, WorkerKeys.self])
}
