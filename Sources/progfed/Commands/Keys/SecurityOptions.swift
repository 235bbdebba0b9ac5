import ArgumentParser
import Runtime
import ZeroMQ

/// The command line's options for the security of a broker's connections.
struct BrokerSecurityOptions: ParsableArguments {
  @Option(help: "The broker's .secret file, from progfed keys broker: encrypt all connections.")
  var keys: String?

  @Option(help: "The allow-list: which workers' keys may play which clients. Read again at SIGHUP.")
  var allow: String?

  func validate() throws {
    guard (keys == nil) == (allow == nil) else {
      throw ValidationError(
        "--keys and --allow belong together: the broker's key, and the workers that may come in")
    }
  }

  /// The security as the files say.
  func load() throws -> BrokerSecurity {
    guard let keys, let allow else { return .open }
    return .curve(try KeyFile.pair(at: keys), AccessControl(try AllowListFile.read(allow)))
  }

  /// Has `broker` follow the allow-list at each SIGHUP, for as long as the result lives.
  func reloading(_ broker: Broker, _ printer: ProgressPrinter) -> HangUp? {
    guard let allow else { return nil }
    return HangUp {
      do {
        let workers = try AllowListFile.read(allow)
        broker.admit(workers)
        printer.say("\(allow): read again, \(workers.workers.count) workers may come in")
      } catch {
        printer.say("\(error)\nthe allow-list from before stays in force")
      }
    }
  }
}

/// The command line's options for the security of a worker's connections.
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
