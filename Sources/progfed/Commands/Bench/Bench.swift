import ArgumentParser

/// Measures the speed of a part on this machine.
struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the speed of a part on this machine.",
    discussion: """
      Each benchmark prints its figure, a limit measured in the same run where there is one, and the \
      ratio of the two.
      """,
    subcommands: [
      BenchTrain.self, BenchCodec.self, BenchAggregate.self, BenchTransport.self, BenchLedger.self,
      BenchSimulate.self, BenchRelay.self, BenchConnections.self, BenchFaults.self,
      BenchFuzz.self,
    ])
}
