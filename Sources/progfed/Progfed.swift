import ArgumentParser

/// The command: everything that people do with the product.
@main
struct Progfed: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "progfed",
    abstract: "Progressive federated learning over ZeroMQ.",
    discussion: """
      A broker holds a model that grows in stages; clients train only the current sub-model and send \
      compressed updates back (ProgFed, ICML 2022). Begin with: progfed simulate topologies/quickstart.yaml
      """,
    version: "0.1.0",
    subcommands: [
      Simulate.self, BrokerCommand.self, WorkerCommand.self, RelayCommand.self, SweepCommand.self,
      StatusCommand.self, ControlCommand.self, Report.self, Compare.self, Predict.self, Check.self,
      PlanCommand.self, DescribeCommand.self, NewCommand.self, DataCommand.self,
      Keys.self,
      ModelsCommand.self, Bench.self,
    ])

  /// Runs the command that the arguments name.
  static func main() async {
    StandardStreams.fill()
    Crash.endsAtOnce(version: configuration.version)
    await main(nil)
  }
}

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
      BenchSimulate.self, BenchData.self, BenchRelay.self, BenchConnections.self, BenchFaults.self,
      BenchFuzz.self,
    ])
}
