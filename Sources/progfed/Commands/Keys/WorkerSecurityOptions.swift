import ArgumentParser
import Runtime
import ZeroMQ

/// How a worker's connections are secured, on the command line.
struct WorkerSecurityOptions: ParsableArguments {
  @Option(help: "The worker's .secret file, from progfed keys worker: encrypt all connections.")
  var keys: String?

  @Option(help: "The broker's .public file.")
  var brokerKey: String?

  func validate() throws {
    guard (keys == nil) == (brokerKey == nil) else {
      throw ValidationError(
        "--keys and --broker-key belong together: who this worker is, and whom it trusts")
    }
  }

  /// The security as the files say.
  func load() throws -> Security {
    guard let keys, let brokerKey else { return .none }
    return .curveClient(
      serverKey: try KeyFile.publicKey(at: brokerKey), pair: try KeyFile.pair(at: keys))
  }
}
