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

/// The command line's options for the security of a relay's connections.
struct RelaySecurityOptions: ParsableArguments {
  @Option(
    help:
      "The relay's .secret file, from progfed keys worker: encrypt the connections of both sides.")
  var keys: String?

  @Option(help: "The .public file of the broker, or of the relay, that is connected to.")
  var brokerKey: String?

  @Option(
    help: "Which workers' keys may play which clients through this relay. Read again at SIGHUP.")
  var allow: String?

  func validate() throws {
    guard Set([keys == nil, brokerKey == nil, allow == nil]).count == 1 else {
      throw ValidationError(
        "--keys, --broker-key and --allow belong together: who this relay is, whom it trusts, and who may come in"
      )
    }
  }

  /// The security as the files say.
  func load() throws -> RelaySecurity {
    guard let keys, let brokerKey, let allow else { return .open }
    return .curve(
      try KeyFile.pair(at: keys), broker: try KeyFile.publicKey(at: brokerKey),
      AccessControl(try AllowListFile.read(allow)))
  }

  /// Follows the allow-list at each SIGHUP, for as long as the result lives.
  func reloading(_ security: RelaySecurity) -> HangUp? {
    guard let allow, case .curve(_, _, let control) = security else { return nil }
    return HangUp {
      do {
        let workers = try AllowListFile.read(allow)
        control.admit(workers)
        Terminal.note("\(allow): read again, \(workers.workers.count) workers may come in")
      } catch {
        Terminal.note("\(error)\nthe allow-list from before stays in force")
      }
    }
  }
}
